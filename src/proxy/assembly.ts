import type { Choice, Draft } from "./draft.ts";
import { type Json, numberIn } from "./event.ts";
import { firstAskedFor, type Generation, type Harmless } from "./generation.ts";

/**
 * With these a stream says something else than a plain answer: not every token's probabilities, the beginning that the
 * client gave, what the engine has seen.
 */
const NOT_IN_STREAMS: Harmless = {
  logprobs: [false, 0],
  top_logprobs: [0],
  n_probs: [0],
  continue_final_message: [false],
  verbose: [false],
  reasoning_format: ["none", "auto", "deepseek"],
};

/** Whether its plain answer is to be had from a stream. */
export function canAssemble({ isStream, body }: Generation): boolean {
  return !isStream && firstAskedFor(body, NOT_IN_STREAMS) === null;
}

const STREAMED = Buffer.from(',"stream":true,"stream_options":{"include_usage":true}}');

/** The same request for a stream. Both engines take the last of equal keys, so the body is not written anew. */
export function streamed(body: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, body.lastIndexOf("}")), STREAMED]);
}

/** A plain answer as the engine would have given it. */
export interface Assembled {
  readonly status: number;
  readonly json: Json;
}

/** @param draft of a stream that is over */
export function assemble(kind: Generation["kind"], draft: Draft): Assembled {
  if (draft.error !== null) return { status: numberIn(draft.error.code) || 500, json: { error: draft.error } };
  const { id, object, ...head } = draft.head;
  const choices = draft.choices;
  // Of several answers the engine tells the first one's figures only.
  const usage = choices[0]?.usage;
  const timings = choices[0]?.timings;
  return {
    status: 200,
    json: {
      choices: choices.map(kind === "chat" ? chatChoice : completionChoice),
      ...head,
      object: kind === "chat" ? "chat.completion" : object,
      ...(usage ? { usage } : {}),
      id,
      ...(timings ? { timings } : {}),
    },
  };
}

function chatChoice({ index, finish, text, reasoning, toolCalls }: Choice): Json {
  const calls = [...toolCalls.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, call]) => ({ type: "function", function: { name: call.name, arguments: call.arguments }, id: call.id }));
  const message = {
    role: "assistant",
    content: text,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return { finish_reason: finish, index, message };
}

function completionChoice({ index, finish, text }: Choice): Json {
  return { text, index, logprobs: null, finish_reason: finish };
}
