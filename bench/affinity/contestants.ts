import { corralCommand, startCorral } from "../fronts/corral.ts";
import { startProxy } from "../fronts/proxy.ts";
import { Client, type Target } from "../kit/client.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { withTeardown } from "../kit/teardown.ts";
import { promptSeconds } from "./chats.ts";
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
}

/** Tokens of a chat's six turns, some 1,200, and room. */
const CONTEXT = 1_536;

export interface Preparation {
  readonly contestants: readonly Contestant[];
  /** Of one worker: see `promptSeconds`. */
  readonly promptSeconds: number;
}

/**
 * Starts a corral for a look at its workers: what their command lines are, and how fast they are.
 *
 * @param haproxy Path of the program; null: without it
 */
export async function prepare(pool: Pool, turns: number, haproxy: string | null): Promise<Preparation> {
  const { commands, seconds } = await withTeardown(async (defer) => {
    const { origin, pid } = await startCorral(serveCommand("least-busy", pool), defer);
    const client = new Client({ origin, headers: {} }, 1);
    defer(() => client.close());
    return { commands: workerCommandsOf(pid), seconds: await promptSeconds(client, turns, "corral") };
  });
  const corrals = [corralWith("predicted-time", OURS, pool), corralWith("least-busy", BLIND, pool)];
  const rivals = haproxy === null ? [] : [haproxyBefore(commands, haproxy, pool)];
  return { contestants: [...corrals, ...rivals], promptSeconds: seconds };
}

function corralWith(policy: string, name: string, pool: Pool): Contestant {
  return {
    name,
    async start(defer) {
      const { origin } = await startCorral(serveCommand(policy, pool), defer);
      return { origin, headers: {} };
    },
  };
}

function haproxyBefore(commands: readonly WorkerCommand[], program: string, { workers, slots }: Pool): Contestant {
  if (commands.length !== workers)
    throw new Error(`corral started ${commands.length} workers where ${workers} were wanted.`);
  return {
    name: RIVAL,
    async start(defer) {
      const same = await startSameWorkers(commands, defer);
      const start = { workers: same, slots, queue: null, directory: freshDirectory(defer) };
      return (await startProxy("haproxy", program, start, defer)).target;
    },
  };
}

function serveCommand(policy: string, { model, workers, slots }: Pool) {
  const shape = ["--workers", workers, "--threads", 1, "--slots", slots, "--context", CONTEXT].map(String);
  return corralCommand(["serve", model, "--port", "0", "--transport", "tcp", "--policy", policy, ...shape]);
}
