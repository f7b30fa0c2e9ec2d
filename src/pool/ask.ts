import { CorralError } from "../errors.ts";
import type { CallOptions, Pool, PoolRequest, PoolResponse } from "../pool-types.ts";
import type { UpstreamRequest } from "../proxy/sink.ts";
import { eventsOf } from "../proxy/sse.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./openai-types.ts";
import { ResponseSink } from "./response.ts";

/** Characters of an engine's error that is no JSON. */
const EXCERPT = 500;
const CHAT = "/v1/chat/completions";

type Asked = Pick<Pool, "exchange">;

export async function askChat(pool: Asked, request: ChatRequest, options?: CallOptions): Promise<ChatCompletion> {
  return await askJson(pool, { path: CHAT, body: { ...request, stream: false } }, options);
}

/** The request is sent when the first chunk is asked for. */
export function askChatStream(pool: Asked, request: ChatRequest, options?: CallOptions): AsyncGenerator<ChatChunk> {
  return askEvents(pool, { path: CHAT, body: { ...request, stream: true } }, options);
}

export async function askCompletion(
  pool: Asked,
  request: CompletionRequest,
  options?: CallOptions,
): Promise<Completion> {
  return await askJson(pool, { path: "/v1/completions", body: { ...request, stream: false } }, options);
}

export async function askEmbedding(
  pool: Asked,
  request: EmbeddingRequest,
  options?: CallOptions,
): Promise<EmbeddingResponse> {
  return await askJson(pool, { path: "/v1/embeddings", body: request }, options);
}

/** Asks for anything. @throws as Pool says, CORRAL_WORKER_ANSWERED with facts { status, error } included */
export async function ask(
  pool: Pick<Pool, "exchange">,
  request: PoolRequest,
  { signal, ...options }: CallOptions = {},
): Promise<PoolResponse> {
  const leaving = new AbortController();
  const forward = (): void => leaving.abort(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener("abort", forward, { once: true });
  const sink = new ResponseSink(() => leaving.abort());
  pool
    .exchange(toUpstream(request), sink, { ...options, signal: leaving.signal })
    .finally(() => signal?.removeEventListener("abort", forward));
  const response = await sink.response();
  if (response.status >= 400) throw answeredError(response.status, await response.text());
  return response;
}

export async function askJson<T>(
  pool: Pick<Pool, "exchange">,
  request: PoolRequest,
  options?: CallOptions,
): Promise<T> {
  const response = await ask(pool, request, options);
  return (await response.json()) as T;
}

/** The JSON of each event until "[DONE]". An error that comes as an event is thrown. */
export async function* askEvents<T>(
  pool: Pick<Pool, "exchange">,
  request: PoolRequest,
  options?: CallOptions,
): AsyncGenerator<T, void, undefined> {
  const { status, body } = await ask(pool, request, options);
  let isDone = false;
  for await (const { data } of eventsOf(body)) {
    // What follows is only the stream's end; leaving before it would count as an abort.
    isDone ||= data === "[DONE]";
    if (isDone) continue;
    const value: unknown = JSON.parse(data);
    if (isObject(value) && value.error !== undefined) throw answeredError(statusOf(value.error) ?? status, data);
    yield value as T;
  }
}

function toUpstream({ path, method, headers, body }: PoolRequest): UpstreamRequest {
  const bytes = bytesOf(body);
  return {
    path,
    method: method ?? (bytes === null ? "GET" : "POST"),
    headers: { ...(bytes === null ? {} : { "content-type": "application/json" }), ...lowerCased(headers) },
    body: bytes,
  };
}

function bytesOf(body: unknown): Buffer | null {
  if (body === undefined || body === null) return null;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function lowerCased(headers: PoolRequest["headers"] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function answeredError(status: number, text: string): CorralError {
  const error = errorIn(text);
  const message = isObject(error) && typeof error.message === "string" ? error.message : text.slice(0, EXCERPT);
  const next = status < 500 ? "correct the request" : "try again, or with another request";
  return new CorralError("CORRAL_WORKER_ANSWERED", `the engine answered ${status}: ${message}; ${next}`, {
    facts: { status, error },
  });
}

/** The engine's own error object, or the text where it is none. */
function errorIn(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) && body.error !== undefined ? body.error : body;
  } catch {
    return text.slice(0, EXCERPT);
  }
}

function statusOf(error: unknown): number | null {
  return isObject(error) && typeof error.code === "number" ? error.code : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
