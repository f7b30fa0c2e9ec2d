import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../../../src/load/statistics.ts";
import { figure } from "../../kit/table.ts";
import type { FaultCase, Scene } from "../case.ts";
import type { Outcome } from "../counts.ts";
import { Load } from "../load.ts";
import { slotsOf } from "../suite.ts";

const OVER = 4;
/** Milliseconds: before counting begins, and of each of the two phases, which come in turn. */
const WARM_UP = 1_500;
const PHASE = 15_000;
const PHASE_QUICK = 5_000;
const ROUNDS = 2;
/** Share of capacity, and milliseconds. */
const GOODPUT = 0.95;
const REFUSAL = 50;

interface OverloadFigures {
  /** Exact answers a second: with as many clients as slots, and with four times as many. */
  readonly capacity: number;
  readonly goodput: number;
  /** Milliseconds until a refusal was there. */
  readonly refusals: readonly number[];
  /** Milliseconds that exact answers took under overload. */
  readonly totals: readonly number[];
  readonly failed: number;
}

/** Four times as many clients as there are slots, of which half find a place in the queue. */
export const overloadCase: FaultCase<OverloadFigures> = {
  name: "overload",
  title: "overload x 4",
  method: `as many clients as there are slots (capacity), then four times as many (overload), in turn, ${ROUNDS} times each; as many may wait as there are slots, the others are refused and come again after what retry-after says, or a second. Goodput: exact answers a second under overload over those at capacity.`,
  engines: ["llama", "chatglm"],
  start: (suite) => ({ queue: slotsOf(suite) }),
  measure,
  row: ({ capacity, goodput, refusals, totals, failed }) => ({
    "answers/s at capacity": figure(capacity),
    "under overload": figure(goodput),
    "goodput over capacity": `${figure((100 * goodput) / capacity)}%`,
    "refusals ms, p50": figure(percentile(refusals, 50)),
    "refusals p99": figure(percentile(refusals, 99)),
    "served ms, p50": figure(percentile(totals, 50)),
    failed: `${failed}`,
  }),
  verdicts: ({ capacity, goodput, refusals, failed }) => [
    {
      what: `goodput under overload is at least ${100 * GOODPUT}% of capacity`,
      is: `${figure((100 * goodput) / capacity)}%`,
      reached: goodput >= GOODPUT * capacity,
    },
    {
      what: `99 of 100 refusals are there in ${REFUSAL} ms`,
      is: `${figure(percentile(refusals, 99))} ms, of ${refusals.length}`,
      reached: percentile(refusals, 99) <= REFUSAL,
    },
    { what: "nothing fails that was admitted", is: `${failed}`, reached: failed === 0 },
  ],
};

async function measure(scene: Scene): Promise<OverloadFigures> {
  const rounds = scene.quick ? 1 : ROUNDS;
  const counted = scene.quick ? PHASE_QUICK : PHASE;
  const calm: Outcome[][] = [];
  const crowded: Outcome[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    calm.push(await phase(scene, slotsOf(scene.suite), counted));
    crowded.push(await phase(scene, OVER * slotsOf(scene.suite), counted));
  }
  const of = (kind: Outcome["judgement"]["kind"]) => crowded.flat().filter(({ judgement }) => judgement.kind === kind);
  const rate = (phases: readonly Outcome[][]) =>
    phases.flat().filter(({ judgement }) => judgement.kind === "exact").length / ((rounds * counted) / 1000);
  return {
    capacity: rate(calm),
    goodput: rate(crowded),
    refusals: of("refused").map(({ total }) => total),
    totals: of("exact").map(({ total }) => total),
    failed: of("failed").length,
  };
}

/** What ended while it was counted. */
async function phase({ contestant, suite }: Scene, clients: number, counted: number): Promise<Outcome[]> {
  const load = new Load(contestant.origin, suite, clients);
  await sleep(WARM_UP);
  const from = performance.now();
  await sleep(counted);
  const to = performance.now();
  await load.end();
  return load.outcomes.filter(({ endedAt }) => endedAt >= from && endedAt < to);
}
