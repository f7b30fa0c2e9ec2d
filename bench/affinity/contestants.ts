import { MIB, tokenBytes } from "../../src/plan/memory.ts";
import { planPool } from "../../src/pool.ts";
import { corralCommand, startCorral } from "../fronts/corral.ts";
import { startProxy } from "../fronts/proxy.ts";
import { Client, type Target } from "../kit/client.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { withTeardown } from "../kit/teardown.ts";
import { measurePrompt } from "./chats.ts";
import { startSameWorkers, type WorkerCommand, workerCommandsOf } from "./worker-commands.ts";

type Defer = (undo: () => void | Promise<void>) => void;

/** Something that takes chats to two workers; started anew each time, so that its caches are empty. */
export interface Contestant {
  readonly name: string;
  start(defer: Defer): Promise<Target>;
}

export const OURS = "corral, predicted-time";
const BLIND = "corral, least-busy";
const RIVAL = "haproxy, leastconn";

export interface Pool {
  readonly model: string;
  readonly workers: number;
  readonly slots: number;
  /** Chats that each worker's prompt cache has room for, in the middle of their turns. */
  readonly remembered: number;
}

/** Tokens of a chat's six turns, some 750, and room. */
const CONTEXT = 1_024;

export interface Preparation {
  readonly contestants: readonly Contestant[];
  /** Of the prompt of a chat's middle turn on a worker that knows none of it and has the machine to itself. */
  readonly promptSeconds: number;
  /** Of each worker, MiB. */
  readonly promptCache: number;
}

/**
 * Starts a corral for a look at its workers: what their command lines are, and how fast they are.
 *
 * @param haproxy Path of the program; null: without it
 */
export async function prepare(pool: Pool, turns: number, haproxy: string | null): Promise<Preparation> {
  const { commands, prompt } = await withTeardown(async (defer) => {
    const { origin, pid } = await startCorral(corralCommand(["serve", ...argumentsOf(pool)]), defer);
    const client = new Client({ origin, headers: {} }, 1);
    defer(() => client.close());
    return { commands: workerCommandsOf(pid), prompt: await measurePrompt(client, turns, "corral") };
  });
  const plan = await planPool({ source: pool.model, workers: 1, threads: 1, slots: pool.slots, context: CONTEXT });
  const promptCache = Math.ceil((pool.remembered * prompt.tokens * tokenBytes(plan)) / MIB);
  const corrals = [
    corralWith("predicted-time", OURS, pool, promptCache),
    corralWith("least-busy", BLIND, pool, promptCache),
  ];
  const rivals = haproxy === null ? [] : [haproxyBefore(commands, haproxy, pool, promptCache)];
  return { contestants: [...corrals, ...rivals], promptSeconds: prompt.seconds, promptCache };
}

function corralWith(policy: string, name: string, pool: Pool, promptCache: number): Contestant {
  const routing = ["--policy", policy, "--prompt-cache", `${promptCache}MiB`];
  return {
    name,
    async start(defer) {
      const { origin } = await startCorral(corralCommand(["serve", ...argumentsOf(pool), ...routing]), defer);
      return { origin, headers: {} };
    },
  };
}

function haproxyBefore(
  commands: readonly WorkerCommand[],
  program: string,
  { workers, slots }: Pool,
  promptCache: number,
): Contestant {
  if (commands.length !== workers)
    throw new Error(`corral started ${commands.length} workers where ${workers} were wanted.`);
  return {
    name: RIVAL,
    async start(defer) {
      const same = await startSameWorkers(commands, { "--cache-ram": `${promptCache}` }, defer);
      const start = { workers: same, slots, queue: null, directory: freshDirectory(defer) };
      return (await startProxy("haproxy", program, start, defer)).target;
    },
  };
}

function argumentsOf({ model, workers, slots }: Pool): string[] {
  const shape = ["--workers", workers, "--threads", 1, "--slots", slots, "--context", CONTEXT].map(String);
  return [model, "--port", "0", "--transport", "tcp", ...shape];
}
