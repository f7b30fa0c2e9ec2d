import { refusal } from "./errors.ts";
import type { WorkPath } from "./routes.ts";

type Body = Readonly<Record<string, unknown>>;

/** One rule about a field. Null counts as not given: SDKs send it for what was left out. */
interface Rule {
  readonly field: string;
  readonly is: (value: unknown) => boolean;
  readonly expected: string;
  readonly required?: boolean;
}

const text = (value: unknown) => typeof value === "string";
const integer = (value: unknown) => Number.isSafeInteger(value);
const list = (of: (item: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(of);
const filled = (value: unknown) => Array.isArray(value) && value.length > 0;
const object = (value: unknown): value is Body => typeof value === "object" && value !== null && !Array.isArray(value);

const ROUTED: readonly Rule[] = [
  { field: "model", is: text, expected: "a string" },
  { field: "stream", is: (value) => typeof value === "boolean", expected: "true or false" },
];

const LENGTHS: readonly Rule[] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict"].map(
  (field) => ({ field, is: integer, expected: "a whole number" }),
);

/** A role that is no string is a 500 of llama-server's; without any message it makes up an answer. */
const MESSAGES: Rule = {
  field: "messages",
  is: (value) => filled(value) && list((item) => object(item) && text(item.role))(value),
  expected: "an array of at least one message, each with a role",
  required: true,
};

const TOOLS: Rule = {
  field: "tools",
  is: list((item) => object(item) && text(item.type)),
  expected: "an array of objects, each with a type",
};

/**
 * Only what is routed on, and what llama-server v0.5.0 is known to answer 500 or nonsense: everything else is the
 * engine's to judge, so that what it learns to take needs no change here.
 */
const RULES: Partial<Record<WorkPath, readonly Rule[]>> = {
  "/v1/chat/completions": [MESSAGES, TOOLS, ...LENGTHS],
  "/v1/completions": LENGTHS,
  "/v1/responses": LENGTHS,
  "/v1/messages": [MESSAGES, ...LENGTHS],
  "/v1/messages/count_tokens": [MESSAGES],
  "/apply-template": [MESSAGES, TOOLS],
  "/tokenize": [{ field: "content", is: (value) => text(value) || Array.isArray(value), expected: "a string" }],
  "/detokenize": [
    {
      field: "tokens",
      is: list((item) => integer(item) && Number(item) >= 0),
      expected: "an array of token numbers",
    },
  ],
};

/** @throws CorralError with the status 400 and the field as its param */
export function checkFields(path: WorkPath, body: Body): void {
  for (const { field, is, expected, required } of [...ROUTED, ...(RULES[path] ?? [])]) {
    const value = body[field] ?? null;
    if (value === null ? required : !is(value)) {
      throw refusal(400, `"${field}" must be ${expected}.`, { param: field });
    }
  }
}
