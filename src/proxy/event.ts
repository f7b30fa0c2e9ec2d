export type Json = Readonly<Record<string, unknown>>;

/** One event of a streamed chat or completion, as both engines write them. */
export type StreamEvent =
  | { readonly kind: "done" }
  /** The engine gave up in the middle; `error` is what it would have answered. */
  | { readonly kind: "error"; readonly error: Json }
  | { readonly kind: "chunk"; readonly json: Json; readonly pieces: readonly Piece[] }
  /** Nothing that concerns the answer. */
  | { readonly kind: "nothing" }
  | { readonly kind: "unreadable" };

/** What a chunk adds to one of the answers that were asked for. */
export interface Piece {
  readonly index: number;
  /** Of a chat's content or a completion's text. */
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCallPiece[];
  /** Null until the last one. */
  readonly finish: string | null;
}

interface ToolCallPiece {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export function readEvent(data: string): StreamEvent {
  if (data === "[DONE]") return { kind: "done" };
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return { kind: "unreadable" };
  }
  // llama-server begins with it where it was given several prompts.
  if (json === null) return { kind: "nothing" };
  if (!isObject(json)) return { kind: "unreadable" };
  if (isObject(json.error)) return { kind: "error", error: json.error };
  return { kind: "chunk", json, pieces: objectsIn(json.choices).map(readPiece) };
}

function readPiece(choice: Json): Piece {
  const delta = isObject(choice.delta) ? choice.delta : {};
  return {
    index: numberIn(choice.index),
    text: textIn(delta.content) + textIn(choice.text),
    reasoning: textIn(delta.reasoning_content),
    toolCalls: objectsIn(delta.tool_calls).map(readToolCall),
    finish: typeof choice.finish_reason === "string" ? choice.finish_reason : null,
  };
}

function readToolCall(call: Json): ToolCallPiece {
  const called = isObject(call.function) ? call.function : {};
  return {
    index: numberIn(call.index),
    id: textIn(call.id),
    name: textIn(called.name),
    arguments: textIn(called.arguments),
  };
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** 0 for what is none. */
export function numberIn(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function objectsIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
