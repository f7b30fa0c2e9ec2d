import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import type { Failure } from "../../src/worker/state.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { compileScript } from "./compile-script.ts";
import {
  chat,
  isState,
  type Kit,
  newDir,
  planOf,
  processState,
  quickOptions,
  quickRestarts,
  removeDirs,
  replacementOf,
  superviseFake,
  until,
  zombies,
} from "./worker-kit.ts";

const kits: Kit[] = [];
afterAll(removeDirs);
afterEach(() => Promise.all(kits.splice(0).map(({ supervisor }) => supervisor.destroy())));

const fakes: typeof superviseFake = (...args) => {
  const kit = superviseFake(...args);
  kits.push(kit);
  return kit;
};

const startsFile = (): string => join(newDir(), "starts");
const startsIn = (file: string): number => readFileSync(file, "utf8").trim().split("\n").length;

test("starts workers one after the other and leaves nothing behind", async () => {
  const { supervisor, events, runDir } = fakes(fakeEngine({ loadMs: 50 }), { plan: planOf(3) });
  await supervisor.start();
  expect(events.map(({ replica, state }) => `${replica} ${state.name}`)).toEqual(
    [0, 1, 2].flatMap((replica) => [`${replica} starting`, `${replica} ready`]),
  );
  const pids = supervisor.snapshot().map(({ pid }) => pid!);
  expect(new Set(pids).size).toBe(3);
  await Promise.all([supervisor.close(), supervisor.close()]);
  expect(pids.map(processState)).toEqual([null, null, null]);
  expect(existsSync(runDir)).toBe(false);
  expect(supervisor.snapshot().map(({ state }) => state)).toEqual(["stopped", "stopped", "stopped"]);
});

test("a worker killed from outside is replaced, any number of times", async () => {
  const { supervisor, next, loads } = fakes(fakeEngine(), { plan: planOf(2) });
  const failed: Failure[] = [];
  supervisor.on("failed", (failure) => failed.push(failure));
  await supervisor.start();
  for (let round = 1; round <= 10; round += 1) {
    const { id, pid } = supervisor.snapshot()[0]!;
    const back = next(replacementOf(id));
    process.kill(pid!, "SIGKILL");
    expect(await back).toMatchObject({ id: `fake#0.${round}`, start: round });
  }
  expect(supervisor.snapshot()).toMatchObject([
    { id: "fake#0.10", restarts: 10, lastFailure: { reason: "killed" } },
    { id: "fake#1.0", restarts: 0, lastFailure: null },
  ]);
  expect(await chat(loads.get("fake#0.10")!, "as new")).toBe("as new");
  expect(failed).toEqual([]);
  expect(zombies()).toEqual([]);
});

test("a stopped worker is replaced", async () => {
  const { supervisor, next } = fakes(fakeEngine(), { plan: planOf(2) });
  await supervisor.start();
  const failed = next(isState("failed", 1));
  const { id, pid } = supervisor.snapshot()[1]!;
  const back = next(replacementOf(id));
  process.kill(pid!, "SIGSTOP");
  expect((await failed).state).toMatchObject({ failure: { reason: "stopped" } });
  expect(await back).toMatchObject({ id: "fake#1.1" });
});

test("a definite failure rejects start() at once and is not repeated", async () => {
  for (const [reason, code] of [
    ["model-missing", "CORRAL_MODEL_MISSING"],
    ["model-broken", "CORRAL_MODEL_BROKEN"],
    ["model-unsupported", "CORRAL_MODEL_UNSUPPORTED"],
    ["bad-flag", "CORRAL_BAD_OPTION"],
    ["out-of-memory", "CORRAL_WORKER_FAILED"],
  ] as const) {
    const file = startsFile();
    const engine = fakeEngine({ startsFile: file, exit: { stderr: `E fake reason: ${reason}` } });
    const { supervisor, runDir } = fakes(engine, { plan: planOf(2) });
    const error = await supervisor.start().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, facts: { failure: { reason, wasReady: false } } });
    expect(startsIn(file)).toBe(1);
    expect(existsSync(runDir)).toBe(false);
  }
});

test("a worker that fails for a while is started until it works", async () => {
  const file = startsFile();
  const { supervisor } = fakes(fakeEngine({ startsFile: file, failFirst: 3 }));
  await supervisor.start();
  expect(startsIn(file)).toBe(4);
  expect(supervisor.snapshot()).toMatchObject([{ state: "ready", restarts: 3, lastFailure: { reason: "exited" } }]);
});

test("who never works is given up at the fifth failure", async () => {
  const file = startsFile();
  const { supervisor } = fakes(fakeEngine({ startsFile: file, exit: { code: 7 } }), { plan: planOf(2) });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: "CORRAL_WORKER_FAILED",
    facts: { failure: { exitCode: 7, reason: "exited" } },
  });
  expect(startsIn(file)).toBe(5);
});

test("a crash loop opens the breaker; a later try that works closes it", async () => {
  let isBroken = false;
  let starts = 0;
  const engine = fakeEngine(() => {
    starts += 1;
    return isBroken ? { exit: { code: 9 } } : {};
  });
  const { supervisor } = fakes(engine);
  await supervisor.start();
  isBroken = true;
  const failed = once(supervisor, "failed");
  process.kill(supervisor.snapshot()[0]!.pid!, "SIGSEGV");
  const [failure] = (await failed) as [Failure];
  expect(failure).toMatchObject({ reason: "exited", exitCode: 9 });
  expect(starts).toBe(5);
  // Half-open: one try, which fails; then another, which does not.
  await until(() => starts === 6);
  const recovered = once(supervisor, "recovered");
  isBroken = false;
  await recovered;
  expect(starts).toBeLessThanOrEqual(8);
  expect(supervisor.snapshot()).toMatchObject([{ state: "ready" }]);
});

test("while others serve, an open breaker is no failure of the model", async () => {
  let failures = 0;
  const engine = fakeEngine(({ worker }) => {
    if (worker.replica === 0) return {};
    failures += 1;
    return { exit: { code: 1 } };
  });
  const { supervisor } = fakes(engine, { plan: planOf(2), restarts: { ...quickRestarts, breaker: { rest: 60_000 } } });
  await supervisor.start();
  const failed: unknown[] = [];
  supervisor.on("failed", (failure) => failed.push(failure));
  await until(() => failures === 5);
  await until(() => supervisor.snapshot()[1]!.state === "failed");
  expect(failed).toEqual([]);
  process.kill(supervisor.snapshot()[0]!.pid!, "SIGKILL");
  await once(supervisor, "failed");
});

test("death by a signal while loading is tried once more without repacked weights", async () => {
  const file = startsFile();
  const { supervisor } = fakes(fakeEngine({ startsFile: file, dieUnlessNoRepack: true }), { plan: planOf(2) });
  const warnings: string[] = [];
  supervisor.on("warning", (text) => warnings.push(text));
  await supervisor.start();
  expect(startsIn(file)).toBe(3);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/SIGSEGV.*repack/);
  expect(supervisor.snapshot().map(({ state }) => state)).toEqual(["ready", "ready"]);
});

test("where repacking was not the cause, it is suspected once only", async () => {
  const file = startsFile();
  const { supervisor } = fakes(fakeEngine({ startsFile: file, exit: { signal: "SIGSEGV" } }));
  const warnings: string[] = [];
  supervisor.on("warning", (text) => warnings.push(text));
  await expect(supervisor.start()).rejects.toMatchObject({ facts: { failure: { reason: "crashed" } } });
  const lines = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.map((line) => line.includes("--no-repack"))).toEqual([false, true, false, false, false, false]);
  expect(warnings).toHaveLength(1);
});

test("a taken address is no failure: another one is used", async () => {
  let tries = 0;
  const engine = fakeEngine(() => {
    tries += 1;
    return tries <= 6 ? { exit: { stderr: "E start: couldn't bind HTTP server socket" } } : {};
  });
  const { supervisor } = fakes(engine, { options: quickOptions({ transport: "tcp" }) });
  await supervisor.start();
  expect(tries).toBe(7);
});

test("scale keeps workers whose plan is the same, and drains the others", async () => {
  const { supervisor, loads } = fakes(fakeEngine({ paceMs: 30 }), { plan: planOf(2) });
  await supervisor.start();
  const [kept, gone] = supervisor.snapshot();
  await supervisor.scale(planOf(3));
  expect(supervisor.snapshot().map(({ id }) => id)).toEqual(["fake#0.0", "fake#1.0", "fake#2.0"]);
  const answer = chat(loads.get("fake#1.0")!, "a b c d e f g");
  await until(() => loads.get("fake#1.0")!.inFlight === 1);
  await supervisor.scale(planOf(1));
  expect(await answer).toBe("a b c d e f g");
  expect(supervisor.snapshot()).toMatchObject([{ id: "fake#0.0", pid: kept!.pid, state: "ready" }]);
  expect(processState(gone!.pid!)).toBeNull();
  await supervisor.scale(planOf(2));
  expect(supervisor.snapshot()[1]).toMatchObject({ id: "fake#1.1", state: "ready" });
});

test("close lets requests finish, destroy does not wait", async () => {
  const { supervisor, loads } = fakes(fakeEngine({ paceMs: 50 }), { plan: planOf(2) });
  await supervisor.start();
  const answer = chat(loads.get("fake#0.0")!, "a b c d e f", { stream: true });
  await until(() => loads.get("fake#0.0")!.inFlight === 1);
  await supervisor.close();
  expect(await answer).toBe("a b c d e f");

  const second = fakes(fakeEngine({ hang: "work" }), { options: quickOptions({ drainTimeout: 60_000 }) });
  await second.supervisor.start();
  const lost = chat(second.loads.get("fake#0.0")!, "for ever");
  await until(() => second.loads.get("fake#0.0")!.inFlight === 1);
  const closing = second.supervisor.close();
  const isLost = expect(lost).rejects.toMatchObject({ code: "CORRAL_WORKER_LOST" });
  await second.supervisor.destroy();
  await Promise.all([closing, isLost]);
});

test("start() can be aborted, and ends with what it had started", async () => {
  const { supervisor, next, runDir } = fakes(fakeEngine({ loadMs: "forever" }));
  const controller = new AbortController();
  const start = supervisor.start(controller.signal);
  const { pid } = await next(isState("starting"));
  controller.abort(new Error("enough"));
  await expect(start).rejects.toThrow("enough");
  expect(processState(pid!)).toBeNull();
  expect(existsSync(runDir)).toBe(false);
  await expect(supervisor.scale(planOf(1))).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
});

test("twenty restarts leak no file descriptors", async () => {
  const { supervisor, next } = fakes(fakeEngine());
  await supervisor.start();
  const restart = async (): Promise<void> => {
    const { id, pid } = supervisor.snapshot()[0]!;
    const back = next(replacementOf(id));
    process.kill(pid!, "SIGKILL");
    await back;
  };
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  await restart();
  const before = openFiles();
  for (let round = 0; round < 20; round += 1) await restart();
  await until(() => openFiles() <= before + 1);
  expect(zombies()).toEqual([]);
});

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const SCRIPT = fixture("fake-supervisor.ts");
const SERVER = fixture("fake-server.mjs");

test("kill -9 of the supervisor's process leaves no worker", async () => {
  const { child, pids, runDir } = await superviseElsewhere();
  child.kill("SIGKILL");
  await until(() => pids.every((pid) => [null, "Z", "X"].includes(processState(pid))));
  rmSync(dirname(runDir), { recursive: true });
});

test("after close nothing keeps the process alive", async () => {
  const { child, pids, runDir } = await superviseElsewhere();
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(pids.map(processState)).toEqual([null, null]);
  expect(existsSync(runDir)).toBe(false);
});

async function superviseElsewhere(): Promise<{
  child: ReturnType<typeof spawn>;
  pids: number[];
  runDir: string;
}> {
  const { path, dir } = await compileScript(SCRIPT, [SERVER]);
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
    return { child, ...(JSON.parse(String(line)) as { pids: number[]; runDir: string }) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
