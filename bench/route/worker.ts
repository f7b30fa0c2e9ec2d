import { type Slot, Slots } from "./slots.ts";
import type { Speed } from "./speed.ts";
import type { Piece, Text } from "./text.ts";

/** What is asked of a worker. */
export interface Task {
  readonly prompt: Text;
  /** Its tokens, at least 1, are as many as the answer will have. */
  readonly answer: Piece;
}

export interface WorkerShape {
  readonly slots: number;
  /** Tokens of a step (`-b`). */
  readonly batch: number;
  /** Tokens of the prompt cache in RAM. */
  readonly cacheTokens: number;
  readonly speed: Speed;
}

/** What an answer reports of itself. Seconds. */
export interface Timings {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** From the start in the slot to the first token. */
  readonly promptSeconds: number;
  /** From the first token to the last. */
  readonly answerSeconds: number;
  readonly answerTokens: number;
}

export type StepEvent<T> =
  | { readonly kind: "first-token"; readonly task: T }
  | { readonly kind: "ended"; readonly task: T; readonly timings: Timings };

interface Running<T> {
  readonly task: T;
  readonly slot: Slot;
  readonly cached: number;
  readonly startedAt: number;
  promptLeft: number;
  written: number;
  firstTokenAt: number;
}

/**
 * One simulated llama-server: steps over its slots. A step holds one token of each running answer, and tokens of
 * prompts, in the order of the slots, for what room the batch has left.
 */
export class SimulatedWorker<T extends Task> {
  readonly #shape: WorkerShape;
  readonly #slots: Slots;
  /** By slot, as the engine goes through them. */
  readonly #running = new Map<Slot, Running<T>>();
  /** What the running step computes of whose prompt; null between steps. */
  #step: { prompts: Map<Running<T>, number>; answers: Running<T>[] } | null = null;

  constructor(shape: WorkerShape) {
    this.#shape = shape;
    this.#slots = new Slots(shape.slots, shape.cacheTokens);
  }

  get isBetweenSteps(): boolean {
    return this.#step === null;
  }

  /** Takes a task into a slot; the next step will compute of it. Returns the tokens of its prompt that a cache had. */
  start(task: T, now: number): number {
    const { slot, cached } = this.#slots.begin(task.prompt);
    const promptLeft = task.prompt.length - cached;
    this.#running.set(slot, { task, slot, cached, startedAt: now, promptLeft, written: 0, firstTokenAt: Number.NaN });
    return cached;
  }

  /** Begins a step, if there is something to do, and returns its seconds; null where not. */
  beginStep(): number | null {
    const running = this.#slots.all.flatMap((slot) => this.#running.get(slot) ?? []);
    if (running.length === 0) return null;
    const answers = running.filter(({ promptLeft }) => promptLeft === 0);
    const prompts = new Map<Running<T>, number>();
    let room = Math.max(this.#shape.batch, answers.length) - answers.length;
    for (const one of running) {
      const tokens = Math.min(room, one.promptLeft);
      if (tokens > 0) prompts.set(one, tokens);
      room -= tokens;
    }
    this.#step = { prompts, answers };
    const tokens = answers.length + [...prompts.values()].reduce((sum, each) => sum + each, 0);
    return this.#shape.speed.step(tokens);
  }

  /** The step is over: what came of it. */
  endStep(now: number): StepEvent<T>[] {
    const { prompts, answers } = this.#step ?? { prompts: new Map<Running<T>, number>(), answers: [] };
    this.#step = null;
    const events: StepEvent<T>[] = [];
    for (const one of answers) one.written += 1;
    for (const [one, tokens] of prompts) {
      one.promptLeft -= tokens;
      if (one.promptLeft > 0) continue;
      // The step of a prompt's last token gives the answer's first.
      one.written = 1;
      one.firstTokenAt = now;
      events.push({ kind: "first-token", task: one.task });
    }
    for (const one of [...answers, ...prompts.keys()]) {
      if (one.written < one.task.answer.tokens) continue;
      this.#running.delete(one.slot);
      this.#slots.end(one.slot, one.task.answer);
      events.push({ kind: "ended", task: one.task, timings: timingsOf(one, now) });
    }
    return events;
  }
}

function timingsOf<T extends Task>(
  { task, cached, startedAt, firstTokenAt, written }: Running<T>,
  now: number,
): Timings {
  return {
    promptTokens: task.prompt.length,
    cachedTokens: cached,
    promptSeconds: firstTokenAt - startedAt,
    answerSeconds: now - firstTokenAt,
    answerTokens: written,
  };
}
