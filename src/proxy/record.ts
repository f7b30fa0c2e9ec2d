import type { Measured } from "../route/rates.ts";
import type { ExchangeFacts, Outcome } from "./facts.ts";
import { GapCounter } from "./gaps.ts";
import { carriesToken, measuredAtEndOf, tokensAtEndOf } from "./tokens.ts";

/** Bytes of the answer's end that are looked at for token counts. */
const TAIL = 4_096;

/** Writes down what happens in one exchange. */
export class ExchangeRecord {
  readonly #since = performance.now();
  #upstream: string | null = null;
  #attempts = 0;
  #fruitless = 0;
  #continued = 0;
  #assembled = false;
  #queuedMs: number | null = null;
  #status: number | null = null;
  #bytes = 0;
  #firstByteAt: number | null = null;
  #isStream = false;
  #firstTokenAt: number | null = null;
  /** From the first token of a stream on. */
  #gaps: GapCounter | null = null;
  #lastAt = 0;
  /** The newest chunks, newest first: the counts come with the last event but one, and a read may split it. */
  #last: Buffer | null = null;
  #secondLast: Buffer | null = null;
  #thirdLast: Buffer | null = null;

  get attempts(): number {
    return this.#attempts;
  }

  /** Attempts since the last one that brought some of the answer. */
  get fruitless(): number {
    return this.#fruitless;
  }

  /** Id of the one tried last. */
  get upstream(): string | null {
    return this.#upstream;
  }

  /** Whether the sink was given the head of an answer. */
  get started(): boolean {
    return this.#status !== null;
  }

  /** Of the body, that the sink was given. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the first token has come. */
  get hasBegun(): boolean {
    return this.#firstTokenAt !== null;
  }

  /** From the first token of a stream to the last one that came. */
  get generatingMs(): number {
    return this.#firstTokenAt === null ? 0 : this.#lastAt - this.#firstTokenAt;
  }

  attempt(upstream: string): void {
    this.#attempts += 1;
    this.#fruitless += 1;
    this.#upstream = upstream;
    this.#queuedMs = performance.now() - this.#since;
  }

  /** A worker begins to answer. */
  begin(isStream: boolean): void {
    this.#isStream = isStream;
  }

  /** A plain answer is taken as a stream. */
  assemble(): void {
    this.#assembled = true;
  }

  /** A worker is asked to go on with what another one has begun. */
  continue(): void {
    this.#continued += 1;
  }

  /** The sink is given the head of an answer. */
  start(status: number): void {
    this.#status = status;
  }

  /** The sink is given so many bytes of its body. */
  give(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Some of the answer has come. Called for each piece of a stream: it must cost nothing. */
  chunk(chunk: Buffer): void {
    const now = performance.now();
    if (this.#firstByteAt === null) this.#firstByteAt = now;
    if (this.#gaps !== null) this.#gaps.add(now - this.#lastAt);
    else if (this.#firstTokenAt === null) this.#lookForToken(chunk, now);
    this.#lastAt = now;
    this.#fruitless = 0;
    this.#thirdLast = this.#secondLast;
    this.#secondLast = this.#last;
    this.#last = chunk;
  }

  /** What the answer says that it took; null where it does not say. */
  measured(): Measured | null {
    return measuredAtEndOf(this.#tail());
  }

  facts(outcome: Outcome, error: Error | null): ExchangeFacts {
    const totalMs = performance.now() - this.#since;
    return {
      outcome,
      upstream: this.#upstream,
      attempts: this.#attempts,
      continued: this.#continued,
      assembled: this.#assembled,
      status: this.#status,
      bytes: this.#bytes,
      queuedMs: this.#queuedMs ?? totalMs,
      firstByteMs: this.#sinceCall(this.#firstByteAt),
      firstTokenMs: this.#sinceCall(this.#firstTokenAt),
      gaps: this.#gaps,
      totalMs,
      tokens: tokensAtEndOf(this.#tail()),
      error,
    };
  }

  /** The only look into the pieces of a stream, and over with its first token. */
  #lookForToken(chunk: Buffer, now: number): void {
    if (this.#isStream && !carriesToken(chunk)) return;
    this.#firstTokenAt = now;
    if (this.#isStream) this.#gaps = new GapCounter();
  }

  #sinceCall(instant: number | null): number | null {
    return instant === null ? null : instant - this.#since;
  }

  #tail(): string {
    let tail = "";
    for (const chunk of [this.#last, this.#secondLast, this.#thirdLast]) {
      if (chunk === null || tail.length >= TAIL) break;
      tail = chunk.toString("latin1", Math.max(0, chunk.length - TAIL)) + tail;
    }
    return tail;
  }
}
