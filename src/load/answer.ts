import type { ExchangeFacts } from "../proxy/facts.ts";
import type { Sink } from "../proxy/sink.ts";
import { BodyEnd, EventCounter } from "./events.ts";

/** What became of one request. Instants are of performance.now(), in milliseconds. */
export type Answer = Served | Missed;

export interface Served {
  readonly kind: "served";
  readonly worker: string;
  readonly askedAt: number;
  /** When a slot was free and it went to the worker. */
  readonly givenAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** From each piece of the answer to the next, milliseconds. */
  readonly gaps: readonly number[];
  /** Tokens computed, those from a cache not among them. */
  readonly prompt: number;
  readonly answer: number;
}

export interface Missed {
  readonly kind: "missed";
  /** What came instead of the answer, for people. */
  readonly why: string;
  readonly error: Error | null;
}

const EXCERPT = 300;

/** Takes an answer at the least cost: counts its events, notes when they came, and parses none but the last. */
export class AnswerSink implements Sink {
  readonly #askedAt = performance.now();
  readonly #counter = new EventCounter();
  readonly #end = new BodyEnd();
  /** When each event came. */
  readonly #instants: number[] = [];

  start(): void {}

  data(chunk: Buffer): boolean {
    this.#counter.push(chunk);
    const now = performance.now();
    while (this.#instants.length < this.#counter.count) this.#instants.push(now);
    this.#end.push(chunk);
    return true;
  }

  async drained(): Promise<void> {}

  end(): void {}

  fail(): void {}

  /** To be asked when the exchange is over. `tokens` is how many the answer was to have. */
  answer(facts: ExchangeFacts, tokens: number): Answer {
    const tail = this.#end.text;
    if (facts.error !== null) return missed(facts.error.message, facts.error);
    if (facts.status !== 200) return missed(`the engine answered ${facts.status}: ${tail.slice(-EXCERPT)}`);
    if (!this.#end.isDone) return missed(`the answer broke off: ${tail.slice(-EXCERPT)}`);
    const counts = countsIn(tail);
    if (counts === null) return missed("the engine did not say how many tokens it computed");
    if (counts.answer !== tokens) {
      return missed(`an answer of ${counts.answer} tokens came where ${tokens} were asked for`);
    }
    return this.#served(facts, counts, closingEvents(tail));
  }

  #served({ queuedMs, upstream }: ExchangeFacts, counts: Counts, closing: number): Served {
    const givenAt = this.#askedAt + queuedMs;
    const pieces = this.#instants.slice(0, Math.max(0, this.#instants.length - closing));
    const endAt = this.#instants.at(-1) ?? givenAt;
    return {
      kind: "served",
      worker: upstream ?? "",
      askedAt: this.#askedAt,
      givenAt,
      // Engines hold back bytes that are no whole character yet. Where all were, the engine's own clock must do.
      firstAt: pieces[0] ?? Math.min(endAt, givenAt + counts.promptMs),
      lastAt: pieces.at(-1) ?? endAt,
      gaps: pieces.slice(1).map((instant, index) => instant - (pieces[index] ?? instant)),
      prompt: counts.prompt,
      answer: counts.answer,
    };
  }
}

interface Counts {
  readonly prompt: number;
  readonly promptMs: number;
  readonly answer: number;
}

/** Of llama-server's `timings` at the end of an answer; chatglm-server has the same. Null where there are none. */
function countsIn(tail: string): Counts | null {
  const [prompt, answer] = [numberIn(tail, "prompt_n"), numberIn(tail, "predicted_n")];
  return prompt === null || answer === null ? null : { prompt, answer, promptMs: numberIn(tail, "prompt_ms") ?? 0 };
}

function numberIn(tail: string, name: string): number | null {
  const found = new RegExp(`"${name}":\\s*([\\d.]+)`).exec(tail)?.[1];
  return found === undefined ? null : Number(found);
}

/** How many events at the end of a stream carry no text: the reason of its end, the usage, [DONE]. */
export function closingEvents(tail: string): number {
  const events = tail.split("\n\n").slice(0, -1);
  const last = events.findLastIndex((event) => event.includes('"finish_reason":null'));
  return last === -1 ? events.filter((event) => event.startsWith("data: ")).length : events.length - 1 - last;
}

function missed(why: string, error: Error | null = null): Missed {
  return { kind: "missed", why, error };
}
