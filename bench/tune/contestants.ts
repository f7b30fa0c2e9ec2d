import { spawn } from "node:child_process";
import { once } from "node:events";
import getPort from "get-port";
import { Pool as Connections } from "undici";
import { findBuild } from "../../build-scripts/build.ts";
import type { LoadedPool } from "../../src/load/load.ts";
import type { Tuned } from "../../src/plan/tuned.ts";
import { createPool } from "../../src/pool.ts";
import { launch } from "../../src/worker/launch.ts";
import { findLaunchTools } from "../../src/worker/launch-tools.ts";
import { untilReady } from "../kit/ready.ts";
import { RIVAL } from "../pool/contestants.ts";

export type Defer = (undo: () => void | Promise<void>) => void;

/** What the load generator asks. */
export interface Contestant {
  readonly name: string;
  readonly pool: LoadedPool;
}

/** What corral is called in the tables. */
export const TUNED = "corral, tuned";

/** The rival, and corral with what the tuner found: the same llama-server program under both. */
export async function startBoth(model: string, tuned: Tuned, context: number, defer: Defer): Promise<Contestant[]> {
  const { goal, concurrency, workers, threads, slots, repack, keyValueType, settings } = tuned;
  const { flashAttention, ...others } = settings;
  const attention = flashAttention === "auto" ? {} : { flashAttention };
  const shape = { goal, concurrency, workers, threads, slots, repack, keyValueType };
  const pool = await createPool({ model, context, ...shape, ...others, ...attention }, { useTuned: false });
  defer(() => pool.destroy());
  return [
    { name: RIVAL, pool: await startRival(model, pool, defer) },
    { name: TUNED, pool },
  ];
}

/** One llama-server as it starts when nobody gives it flags, in a session of its own as each of corral's workers is. */
async function startRival(model: string, pool: LoadedPool, defer: Defer): Promise<LoadedPool> {
  const build = await findBuild({ engine: "llama" });
  if (build === null) throw new Error("There is no build of llama-server: npm start makes one.");
  const port = await getPort();
  const command = { program: build.programs["llama-server"], args: ["-m", model, "--port", `${port}`] };
  // Pinned nowhere, but it dies with this process.
  const { file, args } = launch(command, { cpus: [], node: null }, await findLaunchTools(null));
  const child = spawn(file, args, { stdio: "ignore", detached: true });
  const gone = once(child, "exit");
  defer(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  const origin = `http://127.0.0.1:${port}`;
  await untilReady(`${origin}/health`, RIVAL, 120_000);
  const connections = new Connections(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  defer(() => connections.destroy());
  return { model: pool.model, plan: pool.plan, ready: async () => {}, exchange: exchangeOver(connections) };
}

/** Asks a server as a pool asks its workers: each connection once, for llama-server closes some without a word. */
function exchangeOver(connections: Connections): LoadedPool["exchange"] {
  return ({ method, path, headers, body }, sink) =>
    new Promise((resolve) => {
      const began = performance.now();
      let status = 0;
      let bytes = 0;
      const facts = (error: Error | null) => ({
        outcome: error === null ? ("answered" as const) : ("lost" as const),
        upstream: "rival",
        attempts: 1,
        continued: 0,
        assembled: false,
        status,
        bytes,
        queuedMs: 0,
        firstByteMs: null,
        firstTokenMs: null,
        gaps: null,
        totalMs: performance.now() - began,
        tokens: null,
        error,
      });
      connections.dispatch(
        { method, path, headers, body, reset: true },
        {
          onRequestStart() {},
          onResponseStart(_controller, code) {
            status = code;
          },
          onResponseData(_controller, chunk) {
            bytes += chunk.length;
            sink.data(chunk);
          },
          onResponseEnd() {
            resolve(facts(null));
          },
          onResponseError(_controller, error) {
            resolve(facts(error));
          },
        },
      );
    });
}
