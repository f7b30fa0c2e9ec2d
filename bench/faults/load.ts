import { setTimeout as sleep } from "node:timers/promises";
import { Asker } from "./asker.ts";
import type { Outcome } from "./counts.ts";
import { judge } from "./judge.ts";
import type { Suite } from "./suite.ts";
import { Texts } from "./texts.ts";

/** Milliseconds after which a client that was refused comes again, where the refusal names no time. */
const COMES_AGAIN = 1_000;

/** So many clients, each asking again as soon as it has its answer: plain requests and streams in turn. */
export class Load {
  readonly outcomes: Outcome[] = [];
  readonly #asker: Asker;
  readonly #suite: Suite;
  readonly #texts = new Texts();
  readonly #clients: Promise<void>[];
  #isOver = false;
  #turn = 0;

  constructor(origin: string, suite: Suite, clients: number) {
    this.#suite = suite;
    this.#asker = new Asker(origin);
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  /** Resolves when so many more requests have come to an end, whichever. */
  async ends(requests: number): Promise<void> {
    const until = this.outcomes.length + requests;
    while (this.outcomes.length < until) await sleep(20);
  }

  /** Asks nothing new; resolves when the last answer is there. Idempotent. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    await this.#asker.close();
  }

  async #client(): Promise<void> {
    while (!this.#isOver) {
      const outcome = await this.#ask();
      this.outcomes.push(outcome);
      if (outcome.judgement.kind === "refused")
        await sleep(outcome.retryAfter === null ? COMES_AGAIN : outcome.retryAfter * 1000);
    }
  }

  async #ask(): Promise<Outcome> {
    this.#turn += 1;
    const streamed = this.#turn % 2 === 0;
    const exercise = this.#suite.exercise(this.#texts, streamed);
    const asked = await this.#asker.ask(exercise);
    const { longestWait, total, retryAfter } = asked;
    const judgement = judge(asked, exercise.expected, streamed);
    return { streamed, judgement, longestWait, total, retryAfter, endedAt: performance.now() };
  }
}
