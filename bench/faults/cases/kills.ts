import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict } from "../../kit/verdict.ts";
import type { FaultCase, Scene } from "../case.ts";
import type { Contestant } from "../contestant.ts";
import { type Counts, countsOf, whysInWords } from "../counts.ts";
import { Load } from "../load.ts";

export const CLIENTS = 8;
/** Requests that come to their ends before each kill: those that a kill moves are over before the next one. */
const BETWEEN = 2 * CLIENTS;
const QUICK = 3;

export interface KillFigures {
  readonly kills: number;
  readonly plain: Counts;
  readonly streams: Counts;
}

/** Workers are killed in mid-load, the oldest first, each after the last one is back. */
export function killCase(name: string, signal: "SIGKILL" | "SIGSEGV", times: number): FaultCase<KillFigures> {
  return {
    name,
    title: `${signal} x ${times}`,
    method: `${CLIENTS} clients, plain requests and streams in turn; a worker gets ${signal} ${times} times, the two in turn, each after the last one was back and ${BETWEEN} requests more were over.`,
    engines: ["llama", "chatglm"],
    start: () => ({ queue: null }),
    measure: (scene) => measure(scene, signal, scene.quick ? Math.min(QUICK, times) : times),
    row: ({ kills, plain, streams }) => ({ kills: `${kills}`, ...countColumns(plain, streams) }),
    verdicts: ({ plain, streams }) => nothingFailed(plain, streams),
  };
}

async function measure({ contestant, suite }: Scene, signal: NodeJS.Signals, kills: number): Promise<KillFigures> {
  const load = new Load(contestant.origin, suite, CLIENTS);
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      await load.ends(BETWEEN);
      await killOldest(contestant, signal);
      await contestant.whole();
    }
    await load.ends(BETWEEN);
  } finally {
    await load.end();
  }
  return { kills, plain: countsOf(load.outcomes, false), streams: countsOf(load.outcomes, true) };
}

/** Resolves when the process is gone. */
async function killOldest(contestant: Contestant, signal: NodeJS.Signals): Promise<void> {
  const [victim] = contestant.workers();
  if (victim === undefined) throw new Error(`${contestant.name} has no worker to kill`);
  process.kill(victim.pid, signal);
  while (contestant.workers().some(({ pid }) => pid === victim.pid)) await sleep(5);
}

export function countColumns(plain: Counts, streams: Counts): Readonly<Record<string, string>> {
  return {
    "plain failed": `${plain.failed} of ${plain.asked}`,
    "streams failed": `${streams.failed} of ${streams.asked}`,
    how: whysInWords(plain, streams),
  };
}

export function nothingFailed(plain: Counts, streams: Counts): Verdict[] {
  const line = (what: string, { asked, failed }: Counts) => ({
    what: `no ${what} fails`,
    is: `${failed} of ${asked}`,
    reached: failed === 0 && asked > 0,
  });
  return [line("plain request", plain), line("stream", streams)];
}
