import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AdminClient } from "../../src/admin/client.ts";
import { startLoad } from "../fixtures/load-kit.ts";
import { CorralProcess, childrenOf, compileCommand, isRunning } from "../fixtures/serve-kit.ts";
import { until } from "./worker-kit.ts";

let dir = "";
/** Processes that this file's servers have started, to be ended by it. */
const successors: number[] = [];

beforeAll(compileCommand);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corral-upgrade-"));
});
afterEach(async () => {
  for (const pid of successors.splice(0)) {
    if (!isRunning(pid)) continue;
    process.kill(pid, "SIGTERM");
    await until(() => !isRunning(pid));
  }
  rmSync(dir, { recursive: true, force: true });
});

const file = (): string => join(dir, "corral.json");
const httpSocket = (): string => join(dir, "http.sock");
const configure = (model: Record<string, unknown>): void =>
  writeFileSync(
    file(),
    JSON.stringify({
      listen: ["127.0.0.1:0", `unix:${httpSocket()}`],
      models: { m: { workers: 1, slots: 2, threads: 1, ...model } },
    }),
  );

interface Served {
  readonly process: CorralProcess;
  readonly url: string;
  readonly client: AdminClient;
  /** Code and signal. Its successors go on writing to its stdout, so that this does not wait for the end of that. */
  readonly exit: Promise<unknown[]>;
}

async function serve(more: NodeJS.ProcessEnv = {}): Promise<Served> {
  const env = { CORRAL_STATE_DIR: dir, CORRAL_ADMIN: "", RUNTIME_DIRECTORY: "", NOTIFY_SOCKET: "", ...more };
  const process = new CorralProcess(["serve", "--config", file()], env);
  successors.push(process.child.pid ?? 0);
  const url = await process.said(/(http:\/\/[\d.]+:\d+)/);
  await process.said(/ready: m/);
  const exit = once(process.child, "exit");
  return { process, url, client: new AdminClient(join(dir, "admin.sock")), exit };
}

async function upgrade(): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new CorralProcess(["upgrade"], { CORRAL_STATE_DIR: dir, CORRAL_ADMIN: "", RUNTIME_DIRECTORY: "" });
  const { code } = await command.exit;
  const pid = Number(/process (\d+) serves/.exec(command.stdout)?.[1] ?? 0);
  if (pid > 0) successors.push(pid);
  return { code, stdout: command.stdout, stderr: command.stderr };
}

async function overUnixSocket(path: string): Promise<number> {
  const client = new Client("http://corral", { socketPath: httpSocket() });
  const { statusCode, body } = await client.request({ method: "GET", path });
  await body.dump();
  await client.close();
  return statusCode;
}

describe("corral upgrade", () => {
  test("goes over to another process twice under load: none refused, none failed", async () => {
    configure({});
    const { process: first, url, client, exit } = await serve();
    const load = startLoad(url, 4);
    await load.answered(4);
    const pids = [first.child.pid];
    for (let round = 0; round < 2; round += 1) {
      const { code, stdout, stderr } = await upgrade();
      expect([code, stderr]).toEqual([0, ""]);
      const pid = Number(/process (\d+) serves/.exec(stdout)?.[1]);
      const old = pids.at(-1) ?? 0;
      await until(() => !isRunning(old));
      await load.answered(4);
      expect(await client.status()).toMatchObject({ pid, state: "ready", listen: [url, `unix:${httpSocket()}`] });
      expect(await overUnixSocket("/livez")).toBe(200);
      pids.push(pid);
    }
    const report = await load.stop();
    process.stdout.write(`2 upgrades under load: ${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ refused: 0, failures: [] });
    expect(await exit).toEqual([0, null]);
    expect(new Set(pids).size).toBe(3);
  });

  test("leaves the old process alone where the new one gives up, and says why", async () => {
    configure({});
    const { url, client, process: old, exit } = await serve();
    const load = startLoad(url, 2);
    configure({ model: "/no/such.gguf" });
    expect(await upgrade()).toMatchObject({
      ...{ code: 1, stdout: "" },
      stderr: expect.stringMatching(
        /this process goes on: the new process gave up: .*such\.gguf.*\[CORRAL_UPGRADE_FAILED\]/,
      ),
    });
    writeFileSync(file(), "models: {");
    expect(await upgrade()).toMatchObject({ code: 1, stderr: expect.stringMatching(/gave up: .*corral\.json/) });
    await load.answered(2);
    expect(await load.stop()).toMatchObject({ refused: 0, failures: [] });
    expect(await client.status()).toMatchObject({ pid: old.child.pid, state: "ready" });
    configure({});
    expect((await upgrade()).code).toBe(0);
    expect(await exit).toEqual([0, null]);
  });

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "a new process does not outlive an old one that ends too soon by %s",
    async (signal) => {
      configure({});
      const { process: old, exit } = await serve();
      const pid = old.child.pid ?? 0;
      const upgrading = upgrade();
      await until(() => childrenOf(pid, "node").length > 0);
      const successor = childrenOf(pid, "node");
      process.kill(pid, signal);
      await exit;
      expect((await upgrading).code).not.toBe(0);
      expect(successor).toHaveLength(1);
      await until(() => !successor.some(isRunning));
    },
  );

  test("leaves it to systemd where that started it", async () => {
    configure({});
    const { client, process: old } = await serve({ NOTIFY_SOCKET: join(dir, "notify") });
    expect(await upgrade()).toMatchObject({ code: 1, stderr: expect.stringMatching(/systemctl restart/) });
    expect(await client.status()).toMatchObject({ pid: old.child.pid, state: "ready" });
  });
});
