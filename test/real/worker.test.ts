import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import type { Endpoint } from "../../src/endpoint.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import { Ring } from "../../src/worker/ring.ts";
import { Worker, type WorkerSetup } from "../../src/worker/worker.ts";
import { cutSignal } from "../fixtures/cut-signal.ts";
import { type FakeBehaviour, fakeEngine, fakeProgram } from "../fixtures/fake-engine.ts";
import { chat, newRunDir, planOf, processState, quickOptions, removeDirs, until } from "./worker-kit.ts";

const started: Worker[] = [];
afterAll(removeDirs);
afterEach(() => Promise.all(started.splice(0).map((worker) => worker.kill())));

interface Started {
  readonly worker: Worker;
  readonly states: string[];
  readonly runDir: string;
  readonly load: () => LiveUpstream;
}

function start(behaviour: FakeBehaviour = {}, overrides: Partial<WorkerSetup> = {}): Started {
  const plan = overrides.plan ?? planOf(1);
  const runDir = newRunDir();
  let load: LiveUpstream | undefined;
  const worker = new Worker({
    id: "fake#0.0",
    start: 0,
    engine: fakeEngine(behaviour),
    program: fakeProgram,
    plan,
    worker: plan.workers[0]!,
    promptDir: null,
    noRepack: false,
    options: quickOptions(),
    runDir,
    loadOf: ({ id, endpoint }) => {
      load = new LiveUpstream({ id, endpoint, slots: 2 });
      return load;
    },
    output: new Ring(),
    ...overrides,
  });
  started.push(worker);
  const states: string[] = [];
  worker.on("state", ({ name }) => states.push(name));
  return { worker, states, runDir, load: () => load! };
}

test("starts, answers, drains, and leaves nothing", async () => {
  const { worker, states, runDir, load } = start({ loadMs: 100 });
  expect(await worker.settled).toBe(true);
  const pid = worker.pid!;
  expect(await chat(load(), "one two  three")).toBe("one two  three");
  expect(await chat(load(), "one two  three", { stream: true })).toBe("one two  three");
  await worker.drain();
  expect(states).toEqual(["starting", "ready", "draining", "stopped"]);
  expect(processState(pid)).toBeNull();
  expect(existsSync(join(runDir, "0.0"))).toBe(false);
});

test("over TCP as well", async () => {
  const { worker, load } = start({}, { options: quickOptions({ transport: "tcp" }) });
  expect(await worker.settled).toBe(true);
  expect(worker.endpoint).toMatchObject({ kind: "tcp", host: "127.0.0.1" });
  expect(await chat(load(), "by port")).toBe("by port");
});

test("keeps key and socket to its owner, and the key out of the arguments and the environment", async () => {
  const { worker, runDir } = start();
  await worker.settled;
  const endpoint = worker.endpoint as Extract<Endpoint, { kind: "unix" }>;
  const mode = (path: string): number => statSync(path).mode & 0o777;
  expect(mode(runDir)).toBe(0o700);
  expect(mode(dirname(endpoint.socketPath))).toBe(0o700);
  expect(mode(join(runDir, "0.0", "key"))).toBe(0o600);
  expect(readFileSync(join(runDir, "0.0", "key"), "utf8").trim()).toBe(endpoint.key);
  for (const file of ["cmdline", "environ"]) {
    expect(readFileSync(`/proc/${worker.pid}/${file}`, "utf8")).not.toContain(endpoint.key);
  }
});

test("inherits neither secrets nor the engine's own variables", async () => {
  process.env.LLAMA_ARG_THREADS = "64";
  process.env.SOME_TOKEN = "secret";
  try {
    const { worker } = start();
    await worker.settled;
    const environment = readFileSync(`/proc/${worker.pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toMatch(/LLAMA_ARG|SOME_TOKEN/);
  } finally {
    delete process.env.LLAMA_ARG_THREADS;
    delete process.env.SOME_TOKEN;
  }
});

test("a socket path that is too long for the kernel is put elsewhere, and removed from there", async () => {
  const runDir = join(newRunDir(), "x".repeat(120));
  const { worker, load } = start({}, { runDir });
  expect(await worker.settled).toBe(true);
  const { socketPath } = worker.endpoint as Extract<Endpoint, { kind: "unix" }>;
  expect(Buffer.byteLength(socketPath)).toBeLessThan(108);
  expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
  expect(await chat(load(), "from afar")).toBe("from afar");
  await worker.kill();
  expect(existsSync(dirname(socketPath))).toBe(false);
});

test("an end while loading is a failure with its facts", async () => {
  const { worker } = start({ exit: { code: 3, stderr: "E srv: fake reason: model-broken" } });
  expect(await worker.settled).toBe(false);
  const end = await worker.ended;
  expect(end).toMatchObject({
    name: "failed",
    failure: { reason: "model-broken", exitCode: 3, signal: null, wasReady: false, outOfMemory: false },
  });
  expect(end.name === "failed" && end.failure.tail.join("\n")).toContain("fake reason");
});

test("a program that is not there could not be started", async () => {
  const { worker } = start({}, { program: { ...fakeProgram, path: "/nowhere/llama-server" } });
  const end = await worker.ended;
  expect(end).toMatchObject({ name: "failed", failure: { wasReady: false } });
});

test("who is never ready is ended at the limit", async () => {
  for (const behaviour of [{ loadMs: "forever" }, { neverListens: true }] as const) {
    const { worker } = start(behaviour, { options: quickOptions({ startTimeout: 300 }) });
    expect(await worker.ended).toMatchObject({ name: "failed", failure: { reason: "never-ready", signal: "SIGKILL" } });
  }
});

test("a death while serving ends the requests in it at once, with facts", async () => {
  const { worker, load } = start({ paceMs: 50 });
  await worker.settled;
  const answer = chat(load(), "a b c d e f g h i j k l m n", { stream: true });
  await until(() => load().inFlight === 1);
  process.kill(worker.pid!, "SIGKILL");
  await expect(answer).rejects.toThrow();
  const end = await worker.ended;
  expect(end).toMatchObject({ failure: { reason: "killed", signal: "SIGKILL", wasReady: true } });
});

test("cut requests get CORRAL_WORKER_LOST", async () => {
  const { worker, load } = start({ paceMs: 50 });
  await worker.settled;
  const cut = cutSignal(load().lease());
  process.kill(worker.pid!, "SIGSEGV");
  await worker.ended;
  expect(cut.reason).toMatchObject({
    code: "CORRAL_WORKER_LOST",
    facts: { signal: "SIGSEGV", worker: "fake#0.0" },
  });
});

test("a stopped process (SIGSTOP) is replaced, idle or busy", async () => {
  for (const isBusy of [false, true]) {
    const { worker, load } = start();
    await worker.settled;
    const cut = isBusy ? cutSignal(load().lease()) : null;
    process.kill(worker.pid!, "SIGSTOP");
    const requests = isBusy ? 1 : 0;
    expect(await worker.ended).toMatchObject({ failure: { reason: "stopped", signal: "SIGKILL", requests } });
    if (cut) expect(cut.reason).toMatchObject({ code: "CORRAL_WORKER_LOST", facts: { reason: "stopped" } });
  }
});

test("a loop that answers /health and computes nothing is wedged", async () => {
  const { worker, load } = start({ hang: "work" }, { options: quickOptions({ stallTimeout: 500 }) });
  const suspicions: boolean[] = [];
  worker.on("state", (state) => state.name === "ready" && suspicions.push(state.suspect));
  await worker.settled;
  chat(load(), "anyone?").catch(() => {});
  expect(await worker.ended).toMatchObject({ failure: { reason: "wedged" } });
  expect(suspicions[0]).toBe(false);
});

test("slow is not wedged while it turns", async () => {
  const { worker, load } = start({ paceMs: 120 }, { options: quickOptions({ stallTimeout: 300 }) });
  await worker.settled;
  // Not streamed: no byte comes back for 1.2 seconds, but the counter of /metrics grows.
  const answer = chat(load(), "a b c d e f g h i j");
  // And it is found well meanwhile, which a watchdog asks.
  const asked = load().lastProgressAt;
  await until(() => (worker.wellAt ?? 0) > asked && load().inFlight > 0);
  expect(load().lastProgressAt).toBe(asked);
  expect(await answer).toBe("a b c d e f g h i j");
  expect(worker.state.name).toBe("ready");
});

test("an event loop that was blocked here does not make a worker look wedged", async () => {
  const { worker, load } = start({}, { options: quickOptions({ probeTimeout: 100, stallTimeout: 300 }) });
  await worker.settled;
  for (let round = 0; round < 4; round += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await chat(load(), "still here")).toBe("still here");
  expect(worker.state.name).toBe("ready");
});

test("drain lets requests finish", async () => {
  const { worker, load, states } = start({ paceMs: 40 });
  await worker.settled;
  const answer = chat(load(), "a b c d e f g h", { stream: true });
  await until(() => load().inFlight === 1);
  const drained = worker.drain();
  expect(worker.state.name).toBe("draining");
  expect(await answer).toBe("a b c d e f g h");
  await drained;
  expect(states.at(-1)).toBe("stopped");
});

test("drain cuts what takes longer than its limit, and kills who ignores SIGTERM", async () => {
  const options = quickOptions({ drainTimeout: 200, killTimeout: 100 });
  const { worker, load } = start({ hang: "work", ignoreTerm: true }, { options });
  await worker.settled;
  const pid = worker.pid!;
  const lease = load().lease();
  const cut = cutSignal(lease);
  cut.addEventListener("abort", () => lease.release());
  await worker.drain();
  expect(cut.reason).toMatchObject({ code: "CORRAL_WORKER_LOST", facts: { reason: "drain" } });
  expect(worker.state.name).toBe("stopped");
  expect(processState(pid)).toBeNull();
});

test("kill cuts a drain short, at every stage", async () => {
  const { worker, load } = start({ hang: "work" }, { options: quickOptions({ drainTimeout: 60_000 }) });
  await worker.settled;
  load().lease();
  const drained = worker.drain();
  await worker.kill();
  await drained;
  const early = start();
  await early.worker.kill();
  expect(early.worker.state.name).toBe("stopped");
  expect(early.worker.pid).toBeNull();
});

test("a flood of stderr neither stops it nor fills our memory", async () => {
  const { worker, load } = start({ flood: 100_000_000, floodLine: 5_000_000 });
  const before = process.memoryUsage().rss;
  expect(await worker.settled).toBe(true);
  expect(await chat(load(), "heard")).toBe("heard");
  expect(await chat(load(), "more !flood 50000000 please")).toContain("please");
  const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${worker.pid}/io`, "utf8"))?.[1]);
  await until(() => written() > 150_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
  process.kill(worker.pid!, "SIGKILL");
  const end = await worker.ended;
  const tail = end.name === "failed" ? end.failure.tail : [];
  expect(tail.filter((line) => line.endsWith("[...]")).length).toBeGreaterThan(1);
  expect(tail.join("").length).toBeLessThan(100_000);
});
