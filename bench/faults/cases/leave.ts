import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../../../src/load/statistics.ts";
import type { WorkerAddress } from "../../fronts/front.ts";
import { figure } from "../../kit/table.ts";
import { Asker } from "../asker.ts";
import type { FaultCase, Scene } from "../case.ts";
import { WORKERS } from "../suite.ts";
import { readCounts } from "../worker-metrics.ts";

const TIMES = 5;
/** Milliseconds that a request has run when its client leaves, and for how long its slot is watched afterwards. */
const STAYS = 500;
const WATCHED = 8_000;
/** A slot must be free by then, in milliseconds. */
const LIMIT = 500;

interface LeaveFigures {
  /** Milliseconds from a client's leaving until no worker is at its request any more; infinite: longer than watched. */
  readonly plain: readonly number[];
  readonly streams: readonly number[];
}

/** Clients leave in the middle of a long answer while other streams run beside it. */
export const leaveCase: FaultCase<LeaveFigures> = {
  name: "leave",
  title: "client leaving",
  method: `a client leaves ${STAYS} ms after it has asked for an answer of some ten seconds, while each worker with a slot to spare is at a stream of another one's; ${TIMES} times plain, ${TIMES} times streamed. The workers' own count of requests says when the slot is free; it is watched for ${WATCHED / 1000} s.`,
  engines: ["llama", "chatglm"],
  start: () => ({ queue: null }),
  measure,
  row: ({ plain, streams }) => ({
    "plain: slot free after ms, p50": inWords(median(plain)),
    "plain, most": inWords(Math.max(...plain)),
    "stream, p50": inWords(median(streams)),
    "stream, most": inWords(Math.max(...streams)),
  }),
  verdicts: ({ plain, streams }) =>
    (["plain request", "stream"] as const).map((what) => {
      const most = Math.max(...(what === "stream" ? streams : plain));
      return {
        what: `the slot of a ${what} whose client has left is free within ${LIMIT} ms`,
        is: `${inWords(most)} ms at most`,
        reached: most <= LIMIT,
      };
    }),
};

const inWords = (ms: number): string => (Number.isFinite(ms) ? figure(ms) : `over ${WATCHED}`);

async function measure(scene: Scene): Promise<LeaveFigures> {
  const times = scene.quick ? 2 : TIMES;
  const each = async (streamed: boolean): Promise<number[]> => {
    const found: number[] = [];
    for (let time = 0; time < times; time += 1) found.push(await leaveOnce(scene, streamed));
    return found;
  };
  return { plain: await each(false), streams: await each(true) };
}

async function leaveOnce({ contestant, suite }: Scene, streamed: boolean): Promise<number> {
  const asker = new Asker(contestant.origin);
  const others = new AbortController();
  const client = new AbortController();
  const workers = contestant.workers();
  const beside = suite.slots > 1 ? WORKERS : 0;
  try {
    await until(workers, (running) => running === 0);
    const asked = Array.from({ length: beside }, () => asker.ask(suite.endless(true), { leave: others.signal }));
    await until(workers, (running) => running === beside);
    asked.push(asker.ask(suite.endless(streamed), { leave: client.signal }));
    await until(workers, (running) => running === beside + 1);
    await sleep(STAYS);
    client.abort();
    const left = performance.now();
    const isFree = await until(workers, (running) => running <= beside, WATCHED);
    const ms = isFree ? performance.now() - left : Number.POSITIVE_INFINITY;
    others.abort();
    await Promise.all(asked);
    return ms;
  } finally {
    await asker.close();
  }
}

/** Whether it came so in time. */
async function until(
  workers: readonly WorkerAddress[],
  condition: (running: number) => boolean,
  limit = 60_000,
): Promise<boolean> {
  const end = performance.now() + limit;
  while (performance.now() < end) {
    const counts = await Promise.all(workers.map(readCounts));
    if (condition(counts.reduce((sum, { requests }) => sum + requests, 0))) return true;
    await sleep(5);
  }
  return false;
}
