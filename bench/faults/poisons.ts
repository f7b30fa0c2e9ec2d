import type { Question } from "../kit/client.ts";
import type { Contestant } from "./contestant.ts";
import { aimAtEndless } from "./marksman.ts";
import type { EngineName, Suite } from "./suite.ts";

/** A request that ends the process it runs in. */
export interface Poison {
  /** Of the case: "poison-..." */
  readonly name: string;
  /** "a request that ..." */
  readonly what: string;
  readonly how: string;
  readonly engine: EngineName;
  question(suite: Suite): Question;
  /** Makes it one, where the engine itself does not fail at it; the function it returns ends that. */
  readonly aim?: (contestant: Contestant) => () => Promise<void>;
}

const question = (path: string, body: object): Question => ({
  path,
  body: Buffer.from(JSON.stringify(body)),
  streamed: false,
});

/** An object's rule for "any other name" is made letter by letter, by recursion. */
const longName = question("/v1/chat/completions", {
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

/** The C++ library compiles a regular expression by recursion. */
const deepTrigger = question("/v1/completions", {
  prompt: "hello",
  max_tokens: 5,
  grammar: 'root ::= "a"',
  grammar_lazy: true,
  grammar_triggers: [{ type: 2, value: "(a|".repeat(20_000) + ")".repeat(20_000) }],
});

const BY_ITSELF = "on which llama-server v0.5.0 ends with SIGSEGV";

export const POISONS: readonly Poison[] = [
  {
    name: "poison-name",
    what: "a schema with a name of 30,000 letters",
    how: BY_ITSELF,
    engine: "llama",
    question: () => longName,
  },
  {
    name: "poison-trigger",
    what: "a grammar trigger of 20,000 groups",
    how: BY_ITSELF,
    engine: "llama",
    question: () => deepTrigger,
  },
  {
    name: "poison-endless",
    what: "an endless answer",
    how: "and whichever worker has made 2,000 tokens of it gets SIGSEGV from the benchmark, for none is known that chatglm-server ends on",
    engine: "chatglm",
    question: (suite) => suite.endless(false),
    aim: aimAtEndless,
  },
];
