import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { poolOptions } from "../../src/config/pool-options.ts";
import { type Endpoint, originOf } from "../../src/endpoint.ts";
import type { Engine, Program } from "../../src/engine/engine.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import { Journal } from "../../src/worker/journal.ts";
import { Supervisor, type SupervisorSetup, type WorkerEvent, type WorkerOptions } from "../../src/worker/supervisor.ts";
import { cutSignal } from "../fixtures/cut-signal.ts";
import { fakeProgram } from "../fixtures/fake-engine.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";

/** Defaults of a pool, but quick to notice and to give up. */
export function quickOptions(overrides: Partial<WorkerOptions> = {}): WorkerOptions {
  const quick = { probeInterval: 50, probeTimeout: 400, stallTimeout: 1_000, drainTimeout: 5_000, killTimeout: 1_000 };
  return { ...poolOptions.parse({}), startTimeout: 20_000, ...quick, ...overrides };
}

/** Backoff and breaker in milliseconds instead of seconds. */
export const quickRestarts = { backoff: { first: 10, most: 50 }, breaker: { rest: 200, mostRest: 400 } };

/** Unpinned workers unless CPUs are given, one slot each. */
export function planOf(workers: number | readonly number[][], model: Partial<Plan["model"]> = {}): Plan {
  const sets = typeof workers === "number" ? Array.from({ length: workers }, () => []) : workers;
  return {
    ...samplePlan,
    model: { path: "/nowhere/fake.gguf", name: "fake", purpose: "text", ...model },
    workers: sets.map((cpus, replica) => ({ replica, cpus, threads: Math.max(1, cpus.length), node: null })),
    slots: 2,
  };
}

const made: string[] = [];

/** To be called when the tests of a file are over. */
export function removeDirs(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** An empty folder, until removeDirs(). */
export function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "corral-test-"));
  made.push(dir);
  return dir;
}

/** A path that does not exist yet. */
export const newRunDir = (): string => join(newDir(), "run");

export interface Kit {
  readonly supervisor: Supervisor;
  readonly runDir: string;
  readonly events: WorkerEvent[];
  /** By worker id. */
  readonly loads: Map<string, LiveUpstream>;
  /** The next event that matches, of those still to come. */
  next(matches: (event: WorkerEvent) => boolean): Promise<WorkerEvent>;
}

export function superviseFake(engine: Engine, setup: Partial<SupervisorSetup> = {}): Kit {
  return supervise(engine, fakeProgram, setup);
}

export function supervise(engine: Engine, program: Program, setup: Partial<SupervisorSetup> = {}): Kit {
  const runDir = setup.runDir ?? newRunDir();
  const events: WorkerEvent[] = [];
  const loads = new Map<string, LiveUpstream>();
  const supervisor = new Supervisor({
    engine,
    program,
    plan: planOf(1),
    options: quickOptions(),
    restarts: quickRestarts,
    journal: new Journal(),
    loadOf: ({ id, endpoint }) => {
      const load = new LiveUpstream({ id, endpoint, slots: 2 });
      loads.set(id, load);
      return load;
    },
    ...setup,
    runDir,
  });
  supervisor.on("worker", (event) => events.push(event));
  const next: Kit["next"] = (matches) => workerEvent(supervisor, matches);
  return { supervisor, runDir, events, loads, next };
}

/** The next event of a pool's or supervisor's workers that matches, of those still to come. */
export function workerEvent(
  emitter: Record<"on" | "off", (name: "worker", listener: (event: WorkerEvent) => void) => unknown>,
  matches: (event: WorkerEvent) => boolean,
): Promise<WorkerEvent> {
  return new Promise((resolve) => {
    const listener = (event: WorkerEvent): void => {
      if (!matches(event)) return;
      emitter.off("worker", listener);
      resolve(event);
    };
    emitter.on("worker", listener);
  });
}

export const isState =
  (name: WorkerEvent["state"]["name"], replica?: number) =>
  ({ state, replica: from }: WorkerEvent): boolean =>
    state.name === name && (replica === undefined || replica === from);

/** The worker after this one in the same replica serves. */
export function replacementOf(id: string): (event: WorkerEvent) => boolean {
  const replica = id.slice(0, id.lastIndexOf("."));
  return (event) => event.state.name === "ready" && event.id !== id && event.id.startsWith(`${replica}.`);
}

/** One chat with a worker, counted in its load as the pool does it. @returns the text of the answer */
export async function chat(load: LiveUpstream, content: string, { stream = false } = {}): Promise<string> {
  const lease = load.lease();
  const cut = cutSignal(lease);
  const client = clientOf(load.endpoint);
  try {
    const answer = await client.request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${load.endpoint.key}`, "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content }], stream, max_tokens: 400, temperature: 0 }),
      signal: cut,
    });
    let text = "";
    for await (const chunk of answer.body) {
      lease.progress();
      text += chunk;
    }
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`);
    return stream ? textOfStream(text) : JSON.parse(text).choices[0].message.content;
  } catch (error) {
    // undici tells of an abort only once it is connected; before, of what kept it from that.
    throw cut.aborted ? cut.reason : error;
  } finally {
    lease.release();
    await client.destroy();
  }
}

function clientOf(endpoint: Endpoint): Pool {
  return new Pool(originOf(endpoint), endpoint.kind === "unix" ? { socketPath: endpoint.socketPath } : {});
}

function textOfStream(body: string): string {
  return body
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice("data: ".length)).choices[0]?.delta?.content ?? "")
    .join("");
}

/** The process state as the kernel has it: "S", "R", "T", "Z" ...; null when there is none. */
export function processState(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  } catch {
    return null;
  }
}

/** Children of this process that have ended and were not reaped. */
export function zombies(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && processState(pid) === "Z" && parentOf(pid) === process.pid);
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Waits for something that no event tells of. Fails the test by its time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
