import { createHash } from "node:crypto";
import type { ChatHead } from "../../engine/engine.ts";

/** What stands in a prompt before its first message, in the templates that there are. */
const BEFORE_MESSAGES = ["tools", "chat_template_kwargs", "reasoning_format", "response_format"] as const;
const INSTRUCTING = new Set(["system", "developer"]);
/** Bytes of JSON. A hundred tokens are computed sooner than they are asked for. */
const SHORTEST = 500;

/**
 * What a chat may have in common with others from its beginning on: the messages before the first one of a user. Null
 * where that is too little to be kept. Pure.
 *
 * @param body of a request to /v1/chat/completions
 */
export function headOf(body: unknown): ChatHead | null {
  if (!isObject(body) || !Array.isArray(body.messages)) return null;
  const all: readonly unknown[] = body.messages;
  const end = all.findIndex((message) => !INSTRUCTING.has(roleOf(message)));
  const messages = end === -1 ? all : all.slice(0, end);
  if (messages.length === 0) return null;
  const options = BEFORE_MESSAGES.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const]));
  const head = { ...Object.fromEntries(options), messages };
  return JSON.stringify(head).length < SHORTEST ? null : head;
}

/** The same for equal heads; fit for a file's name. */
export function keyOfHead(head: ChatHead): string {
  return createHash("sha256").update(JSON.stringify(head)).digest("hex").slice(0, 32);
}

function roleOf(message: unknown): string {
  return isObject(message) ? String(message.role) : "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
