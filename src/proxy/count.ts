import type { Pool } from "undici";
import type { Lease } from "../route/live-upstream.ts";
import { askWorker } from "./ask-worker.ts";
import { written } from "./continuation.ts";
import type { Draft } from "./draft.ts";
import { isObject, type Json } from "./event.ts";
import { type Generation, PATHS } from "./generation.ts";

/** A worker that is asked small things before it goes on with an answer. */
export interface Asked {
  readonly pool: Pool;
  readonly lease: Lease;
  readonly signal: AbortSignal | undefined;
}

/** What the worker knows of an answer that another one has begun. */
export interface Counts {
  /** Tokens of what was asked; null where the worker does not tell. */
  readonly prompt: number | null;
  /** Tokens of the answer so far. */
  readonly completion: number;
}

/** @throws what keeps the worker from answering at all */
export async function count(worker: Asked, generation: Generation, draft: Draft): Promise<Counts> {
  const { kind, body } = generation;
  const text = draft.choices[0]?.text ?? "";
  const own = kind === "chat" ? written(body, text) : text;
  const content = (draft.choices[0]?.reasoning ?? "") + own;
  const { tokens } = await ask(worker, "/tokenize", { content, add_special: false, parse_special: true });
  return {
    prompt: await promptTokens(worker, generation),
    // The model may have said in two tokens what is one when it is read. Each piece of a stream was one at least.
    completion: Math.max(draft.pieces, Array.isArray(tokens) ? tokens.length : 0),
  };
}

/** A chat as the model's template writes it; empty where the worker does not tell. @throws as `count` */
export async function template(worker: Asked, { body }: Generation): Promise<string> {
  const { prompt } = await ask(worker, "/apply-template", body);
  return typeof prompt === "string" ? prompt : "";
}

/**
 * As the engine counts it, by asking the same for one token. That is no work twice: what it reads for this is the
 * beginning of what it reads next.
 */
async function promptTokens(worker: Asked, { kind, body }: Generation): Promise<number | null> {
  const { stream_options: _, max_completion_tokens: __, ...rest } = body;
  const { usage } = await ask(worker, PATHS[kind], { ...rest, stream: false, max_tokens: 1, n_predict: 1 });
  return isObject(usage) && typeof usage.prompt_tokens === "number" ? usage.prompt_tokens : null;
}

/** An object without anything where the worker refuses. */
async function ask({ pool, lease, signal }: Asked, path: string, body: Json): Promise<Json> {
  const cut = new AbortController();
  lease.onCut(({ error }) => cut.abort(error));
  const either = signal ? AbortSignal.any([cut.signal, signal]) : cut.signal;
  return (await askWorker(pool, lease.upstream.endpoint.key, { path, body, signal: either })) ?? {};
}
