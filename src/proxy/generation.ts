import { isObject, type Json } from "./event.ts";
import { parsedBody } from "./parsed-body.ts";
import type { UpstreamRequest } from "./sink.ts";

/** A request whose answer is text, made token by token: one that can be streamed, assembled and continued. */
export interface Generation {
  readonly kind: "chat" | "completion";
  readonly body: Json;
  /** Whether the client wants it as a stream. */
  readonly isStream: boolean;
}

/** Null where it is something else, or nothing that an engine would answer. */
export function generationOf(request: UpstreamRequest): Generation | null {
  const { method, path, body } = request;
  const kind = KINDS.get(path.split("?", 1)[0] ?? "");
  if (kind === undefined || method !== "POST" || body === null) return null;
  const json = parsedBody(request);
  if (!isObject(json)) return null;
  const asks = kind === "chat" ? Array.isArray(json.messages) && json.messages.length > 0 : json.prompt !== undefined;
  const stream = json.stream ?? false;
  return asks && typeof stream === "boolean" ? { kind, body: json, isStream: stream } : null;
}

export const PATHS = { chat: "/v1/chat/completions", completion: "/v1/completions" } as const;

const KINDS = new Map<string, Generation["kind"]>([
  [PATHS.chat, "chat"],
  [PATHS.completion, "completion"],
]);

/** The fields of these that ask for something, by their values that don't. Null counts as not given. */
export type Harmless = Readonly<Record<string, readonly unknown[]>>;

/** The first of the fields that asks for something; null where none does. */
export function firstAskedFor(body: Json, fields: Harmless): string | null {
  const asked = Object.entries(fields).find(([field, harmless]) => {
    const value = body[field] ?? null;
    return value !== null && !harmless.includes(value);
  });
  return asked?.[0] ?? null;
}
