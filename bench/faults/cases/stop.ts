import { setTimeout as sleep } from "node:timers/promises";
import { figure } from "../../kit/table.ts";
import type { FaultCase, Scene } from "../case.ts";
import { type Counts, countsOf } from "../counts.ts";
import { Load } from "../load.ts";
import { CLIENTS, countColumns, nothingFailed } from "./kills.ts";

/** Requests that come to their ends before the stop, and after it. */
const AROUND = 3 * CLIENTS;
/** Milliseconds. */
const STOPPED = 20_000;
const STOPPED_QUICK = 8_000;
/** Nothing may wait longer, in milliseconds. */
const LIMIT = 3_000;

interface StopFigures {
  readonly plain: Counts;
  readonly streams: Counts;
  /** As `longestWait`, of what was over before the stop: the machine's own share of it. */
  readonly before: number;
  /** The longest time in which a client got nothing, before its answer or within it. Milliseconds. */
  readonly longestWait: number;
  /** Requests that waited longer than the limit. */
  readonly overdue: number;
}

/** One worker stops for a while and goes on afterwards, if it is still there. */
export const stopCase: FaultCase<StopFigures> = {
  name: "stop",
  title: "SIGSTOP for 20 s",
  method: `${CLIENTS} clients as above; one worker is stopped (SIGSTOP) for ${STOPPED / 1000} s and then continued, where it still exists. The longest wait is that of any client in any request: before the first byte of its body, between two pieces, before its end.`,
  engines: ["llama", "chatglm"],
  start: () => ({ queue: null }),
  measure,
  row: ({ plain, streams, before, longestWait, overdue }) => ({
    "longest wait before, s": figure(before / 1000),
    "then, s": figure(longestWait / 1000),
    "waited over 3 s": `${overdue}`,
    ...countColumns(plain, streams),
  }),
  verdicts: ({ plain, streams, longestWait }) => [
    {
      what: `nobody waits longer than ${LIMIT / 1000} s for a worker that is stopped`,
      is: `${figure(longestWait / 1000)} s`,
      reached: longestWait <= LIMIT,
    },
    ...nothingFailed(plain, streams),
  ],
};

async function measure({ contestant, suite, quick }: Scene): Promise<StopFigures> {
  const load = new Load(contestant.origin, suite, CLIENTS);
  await load.ends(AROUND);
  const [victim] = contestant.workers();
  const undisturbed = load.outcomes.length;
  try {
    if (victim !== undefined) process.kill(victim.pid, "SIGSTOP");
    await sleep(quick ? STOPPED_QUICK : STOPPED);
  } finally {
    if (contestant.workers().some(({ pid }) => pid === victim?.pid)) process.kill(victim?.pid ?? 0, "SIGCONT");
    await load.ends(AROUND);
    await load.end();
  }
  const waits = load.outcomes.map(({ longestWait }) => longestWait);
  return {
    plain: countsOf(load.outcomes, false),
    streams: countsOf(load.outcomes, true),
    before: Math.max(...waits.slice(0, undisturbed)),
    longestWait: Math.max(...waits),
    overdue: waits.filter((wait) => wait > LIMIT).length,
  };
}
