import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Administered } from "../../src/admin/administered.ts";
import { AdminClient } from "../../src/admin/client.ts";
import { findAdmin } from "../../src/admin/find.ts";
import { type Admin, openAdmin } from "../../src/admin/server.ts";
import type { InstanceStatus } from "../../src/admin/status.ts";
import { CorralError } from "../../src/errors.ts";
import type { LogLine } from "../../src/pool-types.ts";

let folder = "";
const open: Admin[] = [];
const lines: Record<string, unknown>[] = [];
const log = pino({ level: "info" }, { write: (text: string) => void lines.push(JSON.parse(text)) });

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "corral-admin-")), "state");
  vi.stubEnv("CORRAL_STATE_DIR", folder);
  vi.stubEnv("RUNTIME_DIRECTORY", "");
  lines.length = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((admin) => admin.close()));
  vi.unstubAllEnvs();
  rmSync(join(folder, ".."), { recursive: true, force: true });
});

const STATUS: InstanceStatus = {
  ...{
    version: "1",
    pid: process.pid,
    uptime: 1,
    state: "ready",
    listen: ["http://127.0.0.1:1"],
    files: [],
    cpus: [0],
  },
  ...{ memory: { used: 0, budget: 0 }, models: [] },
};
const line = (text: string): LogLine => ({ worker: "m#0.0", replica: 0, at: 0, text });

/** An instance of which a test says what it does; all else fails. */
function instance(acts: Partial<Administered> = {}): Administered {
  const unasked = (): never => {
    throw new CorralError("CORRAL_INTERNAL", "nobody was to ask for this");
  };
  const base = { reload: unasked, restart: unasked, scale: unasked, pardon: unasked, logs: unasked, upgrade: unasked };
  return { status: async () => STATUS, ...base, ...acts };
}

async function opened(acts: Partial<Administered> = {}, more: { path?: string; isSuccessor?: boolean } = {}) {
  const admin = await openAdmin({ administered: instance(acts), log, ...more });
  open.push(admin);
  return admin;
}

describe("what is asked over the socket", () => {
  test("reaches the instance, and its answer comes back", async () => {
    const asked: unknown[] = [];
    const report = { added: ["a"], removed: [], changed: ["b"], unchanged: ["c"], failed: [] };
    const { path } = await opened({
      reload: async () => report,
      restart: async (model) => void asked.push(["restart", model]),
      scale: async (model, workers) => void asked.push(["scale", model, workers]),
      pardon: async () => 2,
      upgrade: async () => ({ pid: 4711 }),
    });
    const client = new AdminClient(path);
    expect(await client.status()).toEqual(STATUS);
    expect(await client.reload()).toEqual(report);
    await client.restart("org/model:Q4");
    await client.scale("日本", 3);
    await client.scale("m", "auto");
    expect(await client.pardon("m")).toBe(2);
    expect(await client.upgrade()).toEqual({ pid: 4711 });
    expect(asked).toEqual([
      ["restart", "org/model:Q4"],
      ["scale", "日本", 3],
      ["scale", "m", "auto"],
    ]);
    const audit = lines.map(({ msg, action, model, outcome, uid }) => [msg, action, model, outcome, uid]);
    const uid = process.getuid?.() ?? null;
    expect(audit).toEqual([
      ["admin: reload", "reload", undefined, "done", uid],
      ["admin: restart", "restart", "org/model:Q4", "done", uid],
      ["admin: scale", "scale", "日本", "done", uid],
      ["admin: scale", "scale", "m", "done", uid],
      ["admin: pardon", "pardon", "m", "done", uid],
      ["admin: upgrade", "upgrade", undefined, "done", uid],
    ]);
  });

  test("fails here as it failed there, and the audit line says so", async () => {
    const { path } = await opened({
      restart: async () => {
        throw new CorralError("CORRAL_DOES_NOT_FIT", "too large: use another", { facts: { bytes: 7 } });
      },
      reload: async () => {
        throw new TypeError("a defect with a secret in it");
      },
    });
    const client = new AdminClient(path);
    await expect(client.restart("m")).rejects.toMatchObject({
      ...{ code: "CORRAL_DOES_NOT_FIT", message: "too large: use another", facts: { bytes: 7 } },
    });
    const defect = await client.reload().catch((error: unknown) => error);
    expect(defect).toMatchObject({ code: "CORRAL_INTERNAL" });
    expect(String(defect)).not.toContain("secret");
    expect(lines.filter(({ action }) => action !== undefined)).toMatchObject([
      { action: "restart", outcome: "CORRAL_DOES_NOT_FIT" },
      { action: "reload", outcome: "CORRAL_INTERNAL" },
    ]);
    await expect(client.scale("m", 0)).rejects.toMatchObject({ code: "CORRAL_REQUEST_INVALID" });
    await expect(client.scale("m", "x".repeat(5_000) as "auto")).rejects.toMatchObject({ facts: { status: 413 } });
  });

  test("logs come line by line, and who leaves ends them", async () => {
    let left: (() => void) | undefined;
    const leaving = new Promise<void>((resolve) => {
      left = resolve;
    });
    const { path } = await opened({
      async *logs(model, { worker, lines: count, follow, signal }) {
        yield line(`${model} ${worker} ${count} ${follow}`);
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
        left?.();
      },
    });
    for await (const { text } of new AdminClient(path).logs("m", { worker: 1, lines: 5, follow: true })) {
      expect(text).toBe("m 1 5 true");
      break;
    }
    await leaving;
  });

  test("logs of a model that is not there are an error", async () => {
    const { path } = await opened({
      logs: () => {
        throw new CorralError("CORRAL_REQUEST_INVALID", "no such model", { facts: { status: 404 } });
      },
    });
    const reading = new AdminClient(path).logs("m").next();
    await expect(reading).rejects.toMatchObject({ code: "CORRAL_REQUEST_INVALID", message: "no such model" });
  });

  test("an instance that ends before it has answered is said to have", async () => {
    const admin = await opened({ restart: () => new Promise(() => {}) });
    const restarting = new AdminClient(admin.path).restart("m");
    const asked = expect(restarting).rejects.toMatchObject({ code: "CORRAL_NOT_RUNNING" });
    await new AdminClient(admin.path).status();
    await admin.close();
    await asked;
  });
});

describe("the socket", () => {
  const mode = (path: string): number => statSync(path).mode & 0o777;

  test("is this user's alone, and gone at the end", async () => {
    const admin = await opened();
    expect(admin.path).toBe(join(folder, "admin.sock"));
    expect([mode(admin.path), mode(folder)]).toEqual([0o600, 0o700]);
    await admin.close();
    expect(existsSync(admin.path)).toBe(false);
    await expect(findAdmin(undefined)).rejects.toMatchObject({ code: "CORRAL_NOT_RUNNING" });
    await expect(new AdminClient(admin.path).status()).rejects.toThrow(/start it with `corral serve`/);
  });

  test("of a process that died is replaced", async () => {
    const path = join(folder, "admin.sock");
    mkdirSync(folder, { mode: 0o700 });
    const dead = createServer().listen(`${path}.dead`);
    await vi.waitFor(() => expect(dead.listening).toBe(true));
    // What a killed process leaves: a file that nobody listens on.
    const { renameSync } = await import("node:fs");
    renameSync(`${path}.dead`, path);
    await new Promise((resolve) => dead.close(resolve));
    expect(statSync(path).isSocket()).toBe(true);
    await opened();
    expect((await (await findAdmin(undefined)).status()).pid).toBe(process.pid);
  });

  test("beside a living instance it has another name, and commands ask which one is meant", async () => {
    const first = await opened();
    const second = await opened();
    expect(second.path).toBe(join(folder, `admin-${process.pid}.sock`));
    expect(lines).toMatchObject([{ level: 40, path: first.path, own: second.path }]);
    await expect(findAdmin(undefined)).rejects.toThrow(/Several corrals run here/);
    expect((await findAdmin(second.path)).path).toBe(second.path);
    await first.close();
    expect((await findAdmin(undefined)).path).toBe(second.path);
  });

  test("a path that was given and is taken, or is a file, is refused", async () => {
    const path = join(folder, "mine.sock");
    await opened({}, { path });
    await expect(opened({}, { path })).rejects.toMatchObject({ code: "CORRAL_PORT_TAKEN" });
    const file = join(folder, "precious");
    writeFileSync(file, "kept");
    await expect(opened({}, { path: file })).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
    expect(readFileSync(file, "utf8")).toBe("kept");
    await expect(opened({}, { path: join(folder, "x".repeat(120)) })).rejects.toThrow(/too long/);
  });

  test("is not put where others may write", async () => {
    mkdirSync(folder, { mode: 0o700 });
    const { chmodSync } = await import("node:fs");
    chmodSync(folder, 0o770);
    await expect(opened()).rejects.toThrow(/chmod go-w/);
    chmodSync(folder, 0o1777);
    expect(mode((await opened()).path)).toBe(0o600);
  });

  test("goes over to a successor, and the end of the old one leaves it alone", async () => {
    const old = await opened();
    const now = await opened({ status: async () => ({ ...STATUS, version: "2" }) }, { isSuccessor: true });
    expect(now.path).toBe(old.path);
    await old.close();
    expect(await new AdminClient(now.path).status()).toMatchObject({ version: "2" });
  });
});
