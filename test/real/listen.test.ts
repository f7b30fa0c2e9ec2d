import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import getPort from "get-port";
import { pino } from "pino";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import { compileCommand } from "../fixtures/serve-kit.ts";
import { SteadyLoad } from "../fixtures/steady-load.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

let dir = "";
const gateways: Gateway[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corral-listen-"));
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.destroy()));
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

function gatewayAt(...listen: string[]): Gateway {
  const gateway = createGateway({ pools: [stubPool()], options: { listen }, log: pino({ level: "silent" }) });
  gateways.push(gateway);
  return gateway;
}

/** The status that somebody gives at this socket, or why nobody does. */
function asked(socketPath: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: "/livez", agent: new Agent() }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

describe("Unix sockets", () => {
  test("serve beside a port, are for the group, and go at the end", async () => {
    const path = join(dir, "http.sock");
    const gateway = gatewayAt("127.0.0.1:0", `unix:${path}`);
    const address = await gateway.listen();
    expect(address.all).toEqual([address.url, `unix:${path}`]);
    expect(address.port).toBeGreaterThan(0);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await asked(path)).toBe(200);
    expect((await fetch(`${address.url}/livez`)).status).toBe(200);
    expect(gateway.descriptors().every((descriptor) => descriptor > 2)).toBe(true);
    await gateway.close();
    expect(existsSync(path)).toBe(false);
  });

  test("of a dead process are replaced; of a living one they are refused, and stay its own", async () => {
    const path = join(dir, "http.sock");
    const script = `require("net").createServer().listen(process.argv[1], () => console.log("listening"))`;
    const other = spawn(process.execPath, ["-e", script, path], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(other);
    await once(other.stdout, "data");
    const port = await getPort();
    await expect(gatewayAt(`127.0.0.1:${port}`, `unix:${path}`).listen()).rejects.toMatchObject({
      code: "CORRAL_PORT_TAKEN",
      message: expect.stringContaining(path),
    });
    // On all addresses or on none.
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();

    other.kill("SIGKILL");
    await once(other, "exit");
    expect(existsSync(path)).toBe(true);
    await gatewayAt(`unix:${path}`).listen();
    expect(await asked(path)).toBe(200);
  });

  test("do not take the place of a file", async () => {
    const path = join(dir, "notes.txt");
    writeFileSync(path, "mine");
    await expect(gatewayAt(`unix:${path}`).listen()).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
    expect(statSync(path).size).toBe(4);
  });

  test("that have been handed over stay when their first owner ends", async () => {
    const path = join(dir, "http.sock");
    const gateway = gatewayAt(`unix:${path}`);
    await gateway.listen();
    await gateway.close({ toSuccessor: true });
    expect(existsSync(path)).toBe(true);
  });
});

test("systemd's sockets are asked for, and there are none", async () => {
  await expect(gatewayAt("systemd").listen()).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
});

describe("a socket that two processes hold", () => {
  const SCRIPT = fileURLToPath(new URL("../fixtures/inheriting-gateway.mjs", import.meta.url));
  beforeAll(compileCommand);

  test("goes from one to the next under load without a request lost", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
    const inherit = (name: string): ChildProcess => {
      const stdio = ["pipe", "pipe", "inherit", fd] as const;
      // As systemd starts it: the variable names the process that is to have the sockets.
      const start = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"';
      const child = spawn("sh", ["-c", start, process.execPath, SCRIPT, name], { stdio: [...stdio] });
      children.push(child);
      return child;
    };
    const all = [1, 2, 3, 4].map((each) => inherit(`${each}`));
    holder.close();

    let before: ChildProcess | null = null;
    let load: SteadyLoad | null = null;
    for (const child of all) {
      child.stdin?.write("\n");
      await once(child.stdout ?? child, "data");
      load ??= new SteadyLoad(`http://127.0.0.1:${port}`, 8);
      await load.answers(50);
      if (before !== null) {
        before.kill("SIGTERM");
        const [code] = await once(before, "exit");
        expect(code).toBe(0);
      }
      await load.answers(50);
      before = child;
    }
    const outcomes = await load?.stop();
    process.stdout.write(`3 successions: ${JSON.stringify(outcomes)}\n`);
    expect(outcomes).toMatchObject({ refused: 0, cut: 0, others: {} });
  });
});
