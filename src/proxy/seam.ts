import { isObject, type Json, numberIn } from "./event.ts";
import type { Generation } from "./generation.ts";

export interface SeamFacts {
  readonly kind: Generation["kind"];
  /** Whether completions come for what is a chat. */
  readonly isTranslated: boolean;
  /** What stood around the choices of the first event: id, created, model ... */
  readonly head: Json;
  /** The numbers of the answers that have begun: of those it was said who speaks. */
  readonly rolesTold: ReadonlySet<number>;
  /** Whether the text is complete, and its end alone is wanted. */
  readonly isFull: boolean;
  /** Why it ended, where that was told already. */
  readonly finish: string | null;
  /** Whether the client asked for usage in its stream. */
  readonly wantsUsage: boolean;
  readonly before: {
    /** Tokens of the prompt as it was asked; null where nobody could count them. */
    readonly prompt: number | null;
    /** Tokens of the answer that went out before. */
    readonly completion: number;
    /** Milliseconds that they took. */
    readonly ms: number;
  };
}

/** Makes the events of a worker that goes on with an answer the rest of the first worker's stream. Pure but for `own`. */
export class Seam {
  readonly #facts: SeamFacts;
  /** What the worker itself has told of its work. */
  own: Json | null = null;

  constructor(facts: SeamFacts) {
    this.#facts = facts;
  }

  /** @returns the data of the events that go out instead */
  rewrite(data: string): string[] {
    const json = parsed(data);
    if (!isObject(json) || json.error !== undefined) return [data];
    return this.#chunk(json).map((chunk) => JSON.stringify(chunk));
  }

  #chunk({ choices, usage, timings, ...rest }: Json): Json[] {
    const { head, isTranslated, wantsUsage } = this.#facts;
    if (isObject(timings)) this.own = timings;
    const given: readonly unknown[] = Array.isArray(choices) ? choices : [];
    const told = given.filter(isObject).flatMap((choice) => this.#choice(choice));
    const around = { ...rest, ...head };
    const figures = {
      ...(isObject(usage) ? { usage: this.#usage(usage) } : {}),
      ...(isObject(timings) ? { timings: this.#timings(timings) } : {}),
    };
    // A completion's last event holds its usage; a chat's has an event of its own, if it is wanted.
    if (isTranslated && figures.usage !== undefined) {
      const { usage: counted, ...others } = figures;
      if (!wantsUsage) return [{ choices: told, ...around, ...others }];
      return [
        { choices: told, ...around },
        { choices: [], ...around, usage: counted, ...others },
      ];
    }
    if (told.length === 0 && given.length > 0 && Object.keys(figures).length === 0) return [];
    return [{ choices: told, ...around, ...figures }];
  }

  #choice(choice: Json): Json[] {
    const { kind, isTranslated, isFull, finish: told } = this.#facts;
    const ended = choice.finish_reason ?? null;
    if (isFull && (ended === null || told !== null)) return [];
    const finish = isFull ? "length" : ended;
    const rest = { index: choice.index, finish_reason: finish };
    if (kind === "completion") return [{ ...choice, ...(isFull ? { text: "" } : {}), ...rest }];
    const delta = isFull ? {} : isTranslated ? deltaOf(choice) : this.#delta(choice);
    return finish === null && Object.keys(delta).length === 0 ? [] : [{ ...rest, delta }];
  }

  #delta({ index, delta }: Json): Json {
    if (!isObject(delta)) return {};
    if (delta.role === undefined || !this.#facts.rolesTold.has(numberIn(index))) return delta;
    const { role: _, content, ...rest } = delta;
    return typeof content === "string" && content !== "" ? { ...rest, content } : rest;
  }

  /** As if one worker had made all of it: the prompt is the one that was asked, the answer all that has come. */
  #usage(usage: Json): Json {
    const { before, isFull } = this.#facts;
    const prompt = this.#prompt(numberIn(usage.prompt_tokens));
    const completion = before.completion + (isFull ? 0 : numberIn(usage.completion_tokens));
    const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : null;
    const cached = { ...details, cached_tokens: Math.min(prompt, numberIn(details?.cached_tokens)) };
    return {
      ...usage,
      completion_tokens: completion,
      prompt_tokens: prompt,
      total_tokens: prompt + completion,
      ...(details === null ? {} : { prompt_tokens_details: cached }),
    };
  }

  #timings(timings: Json): Json {
    const { before, isFull } = this.#facts;
    const prompt = this.#prompt(numberIn(timings.cache_n) + numberIn(timings.prompt_n));
    const cached = Math.min(prompt, numberIn(timings.cache_n));
    const promptMs = numberIn(timings.prompt_ms);
    const predicted = before.completion + (isFull ? 0 : numberIn(timings.predicted_n));
    const predictedMs = before.ms + numberIn(timings.predicted_ms);
    return {
      ...timings,
      cache_n: cached,
      prompt_n: prompt - cached,
      prompt_per_token_ms: ratio(promptMs, prompt - cached),
      prompt_per_second: 1_000 * ratio(prompt - cached, promptMs),
      predicted_n: predicted,
      predicted_ms: predictedMs,
      predicted_per_token_ms: ratio(predictedMs, predicted),
      predicted_per_second: 1_000 * ratio(predicted, predictedMs),
    };
  }

  /** @param read tokens that this worker read: the prompt, and the answer so far behind it */
  #prompt(read: number): number {
    const { prompt, completion } = this.#facts.before;
    return prompt ?? Math.max(0, read - completion);
  }
}

function deltaOf({ text }: Json): Json {
  return typeof text === "string" && text !== "" ? { content: text } : {};
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
