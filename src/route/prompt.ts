import { NO_PROMPT, type Prompt } from "./ask.ts";
import { Chain } from "./chain.ts";

type Body = Readonly<Record<string, unknown>>;

/** What templates look at besides messages: it stands at the beginning of a prompt, so another value makes another. */
const TEMPLATE_OPTIONS = ["tools", "functions", "chat_template_kwargs", "reasoning_format", "response_format"] as const;
/** Of a message, what stands in the prompt, in a fixed order. */
const MESSAGE_FIELDS = ["name", "tool_call_id", "reasoning_content", "content", "output", "arguments"] as const;
const MEDIA: ReadonlySet<unknown> = new Set(["image_url", "input_image", "image", "input_audio"]);
/** What a picture or a sound counts as, whatever its bytes: some hundred tokens. */
const MEDIA_BYTES = 1_024;

/**
 * The prompt of a request, as a chain.
 *
 * @param path without its query
 * @param body as parsed; null where it is no JSON
 * @param tokensPerByte as learned from prompts of this model that were counted
 */
export function promptOf(path: string, body: unknown, tokensPerByte: number): Prompt {
  if (!isObject(body)) return NO_PROMPT;
  const chain = new Chain();
  switch (path) {
    case "/v1/chat/completions":
    case "/v1/messages":
    case "/v1/responses":
      feedChat(chain, body);
      break;
    case "/v1/completions":
    case "/infill":
      feed(chain, body.input_prefix);
      feed(chain, body.prompt);
      feed(chain, body.input_suffix);
      break;
    case "/v1/embeddings":
    case "/v1/rerank":
      feed(chain, body.input ?? body.content);
      feed(chain, body.query);
      feed(chain, body.documents);
      return withoutLinks(chain.prompt(tokensPerByte));
    default:
      return NO_PROMPT;
  }
  const prompt = chain.prompt(tokensPerByte);
  return body.cache_prompt === false ? withoutLinks(prompt) : prompt;
}

/** Tokens that the answer may have at most, by any of the names that engines know; null where none says. */
export function answerTokensOf(body: unknown): number | null {
  if (!isObject(body)) return null;
  const { max_tokens, max_completion_tokens, max_output_tokens, n_predict } = body;
  const limits = [max_tokens, max_completion_tokens, max_output_tokens, n_predict].filter(isPositive);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** Nothing of it is kept for another prompt. */
function withoutLinks(prompt: Prompt): Prompt {
  return { ...NO_PROMPT, tokens: prompt.tokens, bytes: prompt.bytes };
}

function feedChat(chain: Chain, body: Body): void {
  for (const option of TEMPLATE_OPTIONS) feedJson(chain, body[option]);
  for (const text of [body.system, body.instructions]) {
    if (text === undefined) continue;
    feed(chain, text);
    chain.messageEnd();
  }
  const messages = body.messages ?? body.input;
  for (const message of Array.isArray(messages) ? messages : [messages]) {
    feedMessage(chain, message);
    chain.messageEnd();
    if (isObject(message) && message.role === "user") chain.conversationBegins();
  }
}

function feedMessage(chain: Chain, message: unknown): void {
  if (!isObject(message)) {
    feed(chain, message);
    return;
  }
  feed(chain, message.role ?? message.type);
  for (const field of MESSAGE_FIELDS) feed(chain, message[field]);
  feedJson(chain, message.tool_calls);
}

/** Text, token numbers, or parts of a message. */
function feed(chain: Chain, value: unknown): void {
  if (typeof value === "string") chain.text(value);
  else if (typeof value === "number") chain.token(value);
  else if (Array.isArray(value)) for (const item of value) feed(chain, item);
  else if (isObject(value)) feedPart(chain, value);
  if (typeof value !== "number") chain.separate();
}

function feedPart(chain: Chain, part: Body): void {
  const text = part.text ?? part.content;
  if (text !== undefined) feed(chain, text);
  else if (MEDIA.has(part.type)) feedMedia(chain, JSON.stringify(part));
  else feedJson(chain, part);
}

/** Its ends tell two pictures apart: their bytes are not looked at one by one. */
function feedMedia(chain: Chain, json: string): void {
  chain.text(json.slice(0, MEDIA_BYTES / 2) + json.slice(-MEDIA_BYTES / 2) + json.length);
}

function feedJson(chain: Chain, value: unknown): void {
  if (value !== undefined && value !== null) chain.text(JSON.stringify(value));
  chain.separate();
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
