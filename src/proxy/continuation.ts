import type { Choice, Draft } from "./draft.ts";
import { isObject, type Json } from "./event.ts";
import { firstAskedFor, type Generation, type Harmless, PATHS } from "./generation.ts";

/**
 * How a worker is asked to go on. prefill: with the text so far as the assistant's unfinished message, or behind the
 * prompt of a completion. template: with the chat as the model's template writes it and the text, as a completion.
 */
export type Way = "prefill" | "template";

/** What can't go on in the middle, for what was asked: state that the text does not hold, or a form that would break. */
const NOT_CONTINUABLE: Harmless = {
  n: [1],
  n_cmpl: [1],
  logprobs: [false, 0],
  top_logprobs: [0],
  n_probs: [0],
  grammar: [""],
  json_schema: [],
  n_indent: [0],
  timings_per_token: [false],
  return_progress: [false],
  verbose: [false],
  tool_choice: ["none", "auto"],
};

/** Names of the most tokens that an answer may have. */
const LIMITS = ["max_tokens", "max_completion_tokens", "n_predict"] as const;

/** Why this answer can't be continued; null where it can. To be asked of one that has begun and is not over. Pure. */
export function hindrance({ kind, body }: Generation, draft: Draft): string | null {
  const field = firstAskedFor(body, NOT_CONTINUABLE);
  if (field !== null) return `"${field}" can't be honoured from the middle on`;
  if (isObject(body.response_format) && (body.response_format.type ?? "text") !== "text") {
    return '"response_format" can\'t be honoured from the middle on';
  }
  if (kind === "completion" && promptOf(body.prompt) === null) return "there are several prompts";
  if (kind === "chat" && lastWords(body) === null) return "the message that it continues has parts that are no text";
  const [choice, ...others] = draft.choices;
  if (!draft.isReadable || draft.firstHead === null || choice === undefined) return "its events can't be read";
  if (others.length > 0) return "there are several answers";
  if (choice.toolCalls.size > 0) return "a tool call had begun";
  return null;
}

/** What goes to the next worker. */
export interface Continued {
  readonly path: string;
  readonly body: Json;
  /** Whether the answer has all the tokens that it may have: what comes now is for its end only. */
  readonly isFull: boolean;
}

/** What was counted before it can be asked. */
export interface Before {
  /** Tokens of the answer so far. */
  readonly tokens: number;
  /** The chat as the model's template writes it; for the way "template". */
  readonly prompt?: string | undefined;
}

/** Pure. @param draft without hindrance */
export function continued(generation: Generation, draft: Draft, way: Way, { tokens, prompt }: Before): Continued {
  const { kind, body, isStream } = generation;
  const [choice] = draft.choices;
  const limits = limitsAfter(body, tokens);
  const isFull = limits.isUsedUp || choice?.finish !== null;
  const common: Json = {
    ...body,
    ...limits.fields,
    ...(isFull ? { n_predict: 1 } : {}),
    ...(isStream ? {} : { stream: true, stream_options: { include_usage: true } }),
  };
  const text = choice?.text ?? "";
  if (kind === "completion") {
    return { path: PATHS.completion, body: { ...common, prompt: promptAnd(body.prompt, text) }, isFull };
  }
  if (way === "prefill") return { path: PATHS.chat, body: { ...common, ...prefilled(body, choice) }, isFull };
  const { messages: _, tools: __, tool_choice: ___, ...rest } = common;
  return { path: PATHS.completion, body: { ...rest, prompt: (prompt ?? "") + written(body, text) }, isFull };
}

/** Whether the template's way is exact: it leaves reasoning and tool calls in the text as the model writes them. */
export function hasTemplateWay({ kind, body }: Generation, draft: Draft): boolean {
  const hasTools = Array.isArray(body.tools) && body.tools.length > 0;
  return kind === "chat" && !hasTools && draft.choices.every(({ reasoning }) => reasoning === "");
}

/** What the model itself has written: without what the client gave of the answer, which streams repeat. */
export function written(body: Json, text: string): string {
  const given = lastWords(body) ?? "";
  return repeats(body) && text.startsWith(given) ? text.slice(given.length) : text;
}

/** What the client gave of the answer, in a last message of the assistant's; null where it is no plain text. */
function lastWords(body: Json): string | null {
  const last = lastMessage(body);
  if (last.role !== "assistant") return "";
  if (typeof last.content === "string") return last.content;
  return (last.content ?? null) === null ? "" : null;
}

function lastMessage({ messages }: Json): Json {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : null;
  return isObject(last) ? last : {};
}

/** Streams begin with what the client gave of the answer, unless it asked to continue it in so many words. */
function repeats(body: Json): boolean {
  return (body.continue_final_message ?? false) === false;
}

/**
 * The chat with the answer so far as its last message. Asked in so many words, an engine does not repeat it.
 * The template must not open another message behind it.
 */
function prefilled(body: Json, choice: Choice | undefined): Json {
  const { messages } = body;
  const earlier: readonly unknown[] = Array.isArray(messages) ? messages : [];
  const last = lastMessage(body);
  const isGiven = last.role === "assistant";
  const text = choice?.text ?? "";
  const content = isGiven && !repeats(body) ? (lastWords(body) ?? "") + text : text;
  const reasoning = choice?.reasoning ? { reasoning_content: choice.reasoning } : {};
  return {
    messages: [
      ...(isGiven ? earlier.slice(0, -1) : earlier),
      { ...(isGiven ? last : {}), role: "assistant", ...reasoning, content },
    ],
    continue_final_message: true,
    add_generation_prompt: false,
  };
}

type Prompt = string | readonly (string | number)[];

/** Of a completion: text, or texts and token ids one behind the other. Null for several prompts. */
function promptOf(prompt: unknown): Prompt | null {
  if (typeof prompt === "string") return prompt;
  if (!Array.isArray(prompt) || prompt.length === 0) return null;
  const isToken = (item: unknown): boolean => typeof item === "number";
  const isPart = (item: unknown): boolean => isToken(item) || typeof item === "string";
  // Several texts and not a token among them are several prompts.
  return prompt.every(isPart) && (prompt.length === 1 || prompt.some(isToken)) ? prompt : null;
}

function promptAnd(given: unknown, text: string): Prompt {
  const prompt = promptOf(given) ?? "";
  if (typeof prompt === "string") return prompt + text;
  const last = prompt.at(-1);
  return typeof last === "string" ? [...prompt.slice(0, -1), last + text] : [...prompt, text];
}

/** The limits less what is used; those below zero mean none. An engine makes one token at least. */
function limitsAfter(body: Json, used: number): { fields: Json; isUsedUp: boolean } {
  const left = LIMITS.flatMap((name): [string, number][] => {
    const limit = body[name];
    return typeof limit === "number" && limit >= 0 ? [[name, limit - used]] : [];
  });
  return {
    fields: Object.fromEntries(left.map(([name, tokens]) => [name, Math.max(1, tokens)])),
    isUsedUp: left.some(([, tokens]) => tokens <= 0),
  };
}
