import type { Question } from "../kit/client.ts";

const question = (path: string, body: object): Question => ({
  path,
  body: Buffer.from(JSON.stringify(body)),
  streamed: false,
});

/**
 * An object's rule for "any other name" is made letter by letter, by recursion: a name of 30,000 letters ends
 * llama-server v0.5.0 with SIGSEGV.
 */
export const LONG_NAME: Question = question("/v1/chat/completions", {
  messages: [{ role: "user", content: "hello" }],
  response_format: {
    type: "json_schema",
    json_schema: {
      schema: {
        type: "object",
        properties: { ["x".repeat(30_000)]: { type: "string" } },
        additionalProperties: { type: "string" },
      },
    },
  },
});

/** The C++ library compiles a regular expression by recursion: 20,000 groups within each other end it likewise. */
export const DEEP_TRIGGER: Question = question("/v1/completions", {
  prompt: "hello",
  max_tokens: 5,
  grammar: 'root ::= "a"',
  grammar_lazy: true,
  grammar_triggers: [{ type: 2, value: "(a|".repeat(20_000) + ")".repeat(20_000) }],
});
