import { CorralError } from "../errors.ts";
import type { ModelDescription } from "../model/description.ts";
import type { UpstreamRequest } from "../proxy/sink.ts";

/** Tokens of one request. */
export interface RequestShape {
  readonly prompt: number;
  readonly answer: number;
}

/**
 * Requests of an exact number of tokens, random from the first one on, so that no cache knows any of them. A prompt is a
 * list of token ids: no engine has to count words for it.
 */
export class Prompts {
  readonly #random: () => number;
  readonly #first: number;
  readonly #count: number;

  /** @throws CorralError CORRAL_MODEL_UNSUPPORTED for a model that writes no text */
  constructor({ vocabulary, purpose, name }: ModelDescription, seed: number) {
    if (purpose !== "text") {
      const message = `${name} is a model for ${purpose}: it writes no text to be measured; choose a text model.`;
      throw new CorralError("CORRAL_MODEL_UNSUPPORTED", message, { facts: { model: name, purpose } });
    }
    this.#random = randomFrom(seed);
    // The ends of a vocabulary hold control tokens, bytes and, in some files, numbers that no token has.
    this.#first = Math.floor(vocabulary / 4);
    this.#count = Math.max(1, Math.floor(vocabulary / 2));
  }

  request({ prompt, answer }: RequestShape): UpstreamRequest {
    const body = {
      prompt: Array.from({ length: prompt }, () => this.#first + Math.floor(this.#random() * this.#count)),
      max_tokens: answer,
      ignore_eos: true,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    };
    const headers = { "content-type": "application/json" };
    return { method: "POST", path: "/v1/completions", headers, body: Buffer.from(JSON.stringify(body)) };
  }
}

/** Numbers from 0 up to 1, the same ones for a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
