import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InstanceStatus } from "../../src/index.ts";
import { startLoad } from "../fixtures/load-kit.ts";
import { CorralProcess, compileCommand } from "../fixtures/serve-kit.ts";

const state = mkdtempSync(join(tmpdir(), "corral-commands-"));
const env = { CORRAL_STATE_DIR: state, CORRAL_ADMIN: "", RUNTIME_DIRECTORY: "", XDG_RUNTIME_DIR: "" };
let server: CorralProcess;
let url = "";

beforeAll(async () => {
  await compileCommand();
  server = new CorralProcess(["serve", "--port", "0", "--name", "qwen", "--workers", "2", "--slots", "2"], env);
  url = await server.url();
  await server.said(/ready: qwen/);
});
afterAll(async () => {
  server.child.kill("SIGTERM");
  await server.exit;
  rmSync(state, { recursive: true, force: true });
});

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function corral(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Result> {
  const command = new CorralProcess(args, { ...env, ...more });
  const { code } = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

async function status(): Promise<InstanceStatus> {
  return JSON.parse((await corral(["status", "--json"])).stdout);
}

/** Its lines about what was asked of it. */
const audit = (): string[] =>
  server.stderr
    .split("\n")
    .filter((text) => text.includes('"msg":"admin: '))
    .map((text) => JSON.parse(text))
    .map(({ action, model = "-", outcome }) => `${action} ${model} ${outcome}`);

describe("commands to a corral that runs", () => {
  test("status shows it as a table and as JSON", async () => {
    const { code, stdout } = await corral(["status"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^corral \\d+\\.\\d+\\.\\d+: ready for \\d+ s, pid ${server.child.pid}, on ${url}\n`),
    );
    expect(stdout).toMatch(/\nqwen +ready +2\/2 +0\/4 +0\/256 +/);
    expect(stdout).toMatch(/\nqwen#1\.0 +\d+ +ready /);
    const { models, pid, listen, memory } = await status();
    expect([pid, listen]).toEqual([server.child.pid, [url]]);
    expect(models).toMatchObject([{ name: "qwen", source: "echo", plan: { workers: 2, slots: 2 }, start: "eager" }]);
    expect(memory.used).toBeGreaterThan(0);
    expect(memory.budget).toBeGreaterThan(memory.used);
  });

  test("restart replaces every worker under load and fails no request", async () => {
    const before = (await status()).models[0]?.workers.map(({ pid }) => pid);
    const load = startLoad(url, 4);
    await load.answered(4);
    const { code, stdout } = await corral(["restart", "qwen"]);
    await load.answered(4);
    const report = await load.stop();
    process.stdout.write(`corral restart under load: ${JSON.stringify(report)}\n`);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^qwen: every worker is new \(\d+\.\d s\)\n$/)]);
    expect(report).toMatchObject({ refused: 0, failures: [] });
    const after = (await status()).models[0]?.workers.map(({ pid }) => pid) ?? [];
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before?.includes(pid))).toEqual([]);
  });

  test("scale runs another number, and auto the one of the options", async () => {
    expect(await corral(["scale", "qwen", "1"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/workers: 1/),
    });
    expect((await status()).models[0]?.workers).toHaveLength(1);
    expect((await corral(["scale", "qwen", "auto"])).code).toBe(0);
    expect((await status()).models[0]?.workers).toHaveLength(2);
    const tooMany = await corral(["scale", "qwen", "9999"]);
    expect([tooMany.code, tooMany.stderr]).toEqual([expect.any(Number), expect.stringMatching(/\[CORRAL_/)]);
    expect(tooMany.code).not.toBe(0);
    expect((await status()).models[0]?.workers).toHaveLength(2);
  });

  test("logs show what workers wrote, of one of them, the last lines, and go on", async () => {
    const all = await corral(["logs", "qwen"]);
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/^\d\d:\d\d:\d\d qwen#\d\.\d .*listening/m);
    const one = await corral(["logs", "qwen", "--worker", "1", "--lines", "3"]);
    const lines = one.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const text of lines) expect(text).toMatch(/ qwen#1\.\d /);

    const following = new CorralProcess(["logs", "qwen", "--lines", "0", "--follow"], env);
    const heard = once(following.child.stdout ?? following.child, "data");
    const restarted = corral(["restart", "qwen"]);
    await heard;
    expect((await restarted).code).toBe(0);
    following.child.kill("SIGINT");
    expect(await following.exit).toEqual({ code: 0, signal: null });
    expect(following.stdout).toMatch(/ qwen#\d\.\d /);
  });

  test("pardon says how many requests it has pardoned", async () => {
    expect(await corral(["pardon", "qwen"])).toMatchObject({ code: 0, stdout: "qwen: no request was refused\n" });
  });

  test("what can't be done is said, with an exit code", async () => {
    const cases: [string[], number, RegExp][] = [
      [["restart", "qwn"], 1, /There is no model "qwn" here\. Served: qwen\. \[CORRAL_REQUEST_INVALID\]/],
      [["logs", "qwen", "--worker", "7"], 1, /has no worker 7\. Its workers: 0, 1\./],
      [["scale", "qwen", "none"], 2, /whole number from 1 to 9999, or "auto"/],
      [["restart"], 2, /missing required argument 'model'/],
      [["status", "--admin", "/no/such.sock"], 3, /No corral runs at \/no\/such\.sock: start it with `corral serve`/],
    ];
    for (const [args, exit, message] of cases) {
      const { code, stderr } = await corral(args);
      expect([args, code, stderr]).toEqual([args, exit, expect.stringMatching(message)]);
    }
    const nobody = await corral(["status"], { CORRAL_STATE_DIR: join(state, "empty") });
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringMatching(/No corral runs here: start it with/) });
  });

  test("each has examples", async () => {
    for (const command of ["status", "reload", "restart", "scale", "pardon", "logs", "upgrade"]) {
      const { code, stdout } = await corral([command, "--help"]);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/Examples:\n {2}.*corral .*CORRAL_ADMIN|CORRAL_ADMIN.*Examples:/s),
      ]);
    }
  });

  test("nothing of it is on the public port", async () => {
    for (const path of ["/status", "/reload", "/upgrade", "/models/qwen/restart", "/models/qwen/scale"]) {
      const { status: code } = await fetch(`${url}${path}`, { method: path === "/status" ? "GET" : "POST" });
      expect([path, code]).toEqual([path, 404]);
    }
  });

  test("reload says what became of each model, SIGHUP does the same, and each action has left a line", async () => {
    expect(await corral(["reload"])).toMatchObject({ code: 0, stdout: "unchanged: qwen\n" });
    const reloads = () => server.stderr.split('"msg":"reloaded"').length - 1;
    expect(reloads()).toBe(1);
    server.child.kill("SIGHUP");
    while (reloads() < 2) await once(server.child.stderr ?? server.child, "data");
    expect(await status()).toMatchObject({ pid: server.child.pid, state: "ready" });
    expect(audit()).toEqual([
      ...["restart qwen done", "scale qwen done", "scale qwen done", expect.stringMatching(/^scale qwen CORRAL_/)],
      ...["restart qwen done", "pardon qwen done", "restart qwn CORRAL_REQUEST_INVALID", "reload - done"],
    ]);
  });
});
