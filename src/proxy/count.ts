import type { Pool } from "undici";
import type { Lease } from "../route/live-upstream.ts";
import { written } from "./continuation.ts";
import type { Draft } from "./draft.ts";
import { isObject, type Json } from "./event.ts";
import type { Generation } from "./generation.ts";
import { toWorker } from "./headers.ts";

/** Milliseconds. Counting and writing out take no place among the slots. */
const TIMEOUT = 10_000;

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
  /** A chat as the model's template writes it; null where the worker does not tell, and for a completion. */
  readonly template: string | null;
}

/** @throws what keeps the worker from answering at all */
export async function count(worker: Asked, { kind, body }: Generation, draft: Draft): Promise<Counts> {
  const text = draft.choices[0]?.text ?? "";
  const own = kind === "chat" ? written(body, text) : text;
  const reasoning = draft.choices[0]?.reasoning ?? "";
  const again = await tokensOf(worker, { content: reasoning + own, add_special: false, parse_special: true });
  const template = kind === "chat" ? await templateOf(worker, body) : null;
  const prompt = kind === "chat" ? template : body.prompt;
  return {
    prompt:
      prompt === null ? null : await tokensOf(worker, { content: prompt, add_special: true, parse_special: true }),
    // The model may have said in two tokens what is one when it is read. Each piece of a stream was one at least.
    completion: Math.max(draft.pieces, again ?? 0),
    template,
  };
}

async function tokensOf(worker: Asked, body: Json): Promise<number | null> {
  const { tokens } = await ask(worker, "/tokenize", body);
  return Array.isArray(tokens) ? tokens.length : null;
}

async function templateOf(worker: Asked, body: Json): Promise<string | null> {
  const { prompt } = await ask(worker, "/apply-template", body);
  return typeof prompt === "string" ? prompt : null;
}

/** An object without anything where the worker refuses. */
async function ask({ pool, lease, signal }: Asked, path: string, body: Json): Promise<Json> {
  const cut = new AbortController();
  lease.onCut(({ error }) => cut.abort(error));
  const given = [cut.signal, AbortSignal.timeout(TIMEOUT), ...(signal ? [signal] : [])];
  const answer = await pool.request({
    method: "POST",
    path,
    headers: toWorker({ "content-type": "application/json" }, lease.upstream.endpoint.key),
    body: JSON.stringify(body),
    reset: true,
    signal: AbortSignal.any(given),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) return {};
  const json: unknown = JSON.parse(text);
  return isObject(json) ? json : {};
}
