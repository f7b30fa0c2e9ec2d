import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../../../src/load/statistics.ts";
import { figure } from "../../kit/table.ts";
import { Asker } from "../asker.ts";
import { type Arrival, type BurstFigures, burstFigures, bursts, type Coming } from "../bursts.ts";
import type { FaultCase, Scene } from "../case.ts";
import { judge } from "../judge.ts";
import { Load } from "../load.ts";
import { type Suite, slotsOf } from "../suite.ts";
import { Texts } from "../texts.ts";

const CROWDS = 12;
const CROWDS_QUICK = 4;
/** A client that was sent away so often gives up. */
const RETURNS = 4;
/** Share of those that come back as told which must be let in. */
const ADMITTED = 0.95;

/** Crowds of requests, half of them with deadlines; who is refused comes again exactly when it was told to. */
export const retryAfterCase: FaultCase<BurstFigures> = {
  name: "retry-after",
  title: "bursts, deadlines",
  method: `streams come in ${CROWDS} crowds of one to four times as many as there are slots, together three quarters of what was measured just before; every second one must begin within a deadline (x-request-timeout, half to four times what an answer takes with all slots busy); as many may wait as there are slots. Who is refused comes again when retry-after is over, up to ${RETURNS} times. Let in is who is not refused before its deadline is over; who is let in and not in time is counted beside it.`,
  engines: ["llama", "chatglm"],
  start: (suite) => ({ queue: slotsOf(suite) }),
  measure,
  row: ({ comings, refused, failed, returns, admitted, refusals, late, withDeadline, inTime }) => ({
    "refused, of all that came": `${refused} of ${comings}`,
    "let in, of those that came back": share(admitted, returns),
    "refusals ms, p50": figure(percentile(refusals, 50)),
    p99: figure(percentile(refusals, 99)),
    "refused after a wait": `${late}`,
    "in time, of those let in": share(inTime, withDeadline),
    failed: `${failed}`,
  }),
  verdicts: ({ returns, admitted, failed }) => [
    {
      what: `of those that come back as told at least ${100 * ADMITTED}% are let in`,
      is: share(admitted, returns),
      reached: returns > 0 && admitted >= ADMITTED * returns,
    },
    { what: "nothing fails that was let in", is: `${failed}`, reached: failed === 0 },
  ],
};

const share = (part: number, all: number): string =>
  all === 0 ? "none came" : `${figure((100 * part) / all)}%, ${part} of ${all}`;

async function measure({ contestant, suite, quick }: Scene): Promise<BurstFigures> {
  const answerMs = await timeOfAnAnswer(contestant.origin, suite);
  const crowds = quick ? CROWDS_QUICK : CROWDS;
  const arrivals = bursts(new Texts(), { crowds, slots: slotsOf(suite), answerMs });
  const visitor = new Visitor(contestant.origin, suite);
  try {
    return burstFigures((await Promise.all(arrivals.map((arrival) => visitor.visit(arrival)))).flat());
  } finally {
    await visitor.close();
  }
}

/** Milliseconds, with all slots busy: what the time of each round of answers is. */
async function timeOfAnAnswer(origin: string, suite: Suite): Promise<number> {
  const load = new Load(origin, suite, slotsOf(suite));
  await load.ends(slotsOf(suite));
  const from = performance.now();
  const rounds = 3;
  await load.ends(rounds * slotsOf(suite));
  const ms = (performance.now() - from) / rounds;
  await load.end();
  return ms;
}

class Visitor {
  readonly #asker: Asker;
  readonly #suite: Suite;
  readonly #texts = new Texts();

  constructor(origin: string, suite: Suite) {
    this.#asker = new Asker(origin);
    this.#suite = suite;
  }

  /** Comes at its time, and again as often as it is told to. */
  async visit({ at, deadline }: Arrival): Promise<Coming[]> {
    const comings: Coming[] = [];
    const exercise = this.#suite.exercise(this.#texts, true);
    const headers: Record<string, string> =
      deadline === null ? {} : { "x-request-timeout": (deadline / 1000).toFixed(3) };
    await sleep(at);
    for (let returns = 0; returns <= RETURNS; returns += 1) {
      const asked = await this.#asker.ask(exercise, { headers });
      const { kind } = judge(asked, exercise.expected, true);
      const ending = kind === "exact" ? "answered" : kind;
      comings.push({ deadline, isReturn: returns > 0, ending, firstByte: asked.firstByte, total: asked.total });
      if (kind !== "refused" || asked.retryAfter === null) break;
      await sleep(1000 * asked.retryAfter);
    }
    return comings;
  }

  close(): Promise<void> {
    return this.#asker.close();
  }
}
