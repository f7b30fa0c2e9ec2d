import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkBody } from "../../src/gateway/check.ts";
import type { WorkPath } from "../../src/gateway/routes.ts";
import { nestingDepth } from "../../src/proxy/nesting.ts";

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "hi" }];
const check = (body: string | Buffer | object, path: WorkPath = CHAT) =>
  checkBody(path, Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), {
    jsonDepth: 64,
  });

describe("what is routed on", () => {
  test("is read", () => {
    const body = { model: "m", stream: true, messages };
    expect(check(body)).toEqual({ model: "m", stream: true, parsed: body });
    expect(check({ messages })).toMatchObject({ model: null, stream: false });
    expect(check({ model: null, stream: null, max_tokens: null, messages })).toMatchObject({
      model: null,
      stream: false,
    });
  });

  test("fields that corral does not know are the engine's to judge", () => {
    expect(() => check({ messages, temperature: "hot", n: -1, logit_bias: 5, stop: [1] })).not.toThrow();
    expect(() => check({}, "/v1/completions")).not.toThrow();
  });

  test("\\u0000, pairs of surrogates and texts that only look like escapes are fine", () => {
    expect(() => check('{"messages":[{"role":"user","content":"a\\u0000 \\ud83d\\ude00 \\\\ud800"}]}')).not.toThrow();
  });
});

const nested = (depth: number, open = "[", close = "]") => open.repeat(depth) + close.repeat(depth);
const inChat = (field: string) => `{"messages":[{"role":"user","content":"x"}],${field}}`;

/** What a worker must not see, with the word that the client is told. */
const REFUSED: [name: string, body: string | Buffer, told: RegExp, path?: WorkPath][] = [
  ["nothing", "", /empty/],
  ["text", "hello", /not valid JSON/],
  ["a cut object", '{"messages":[', /not valid JSON/],
  ["two objects", '{"messages":[]}{"messages":[]}', /not valid JSON/],
  ["a trailing comma", '{"messages":[],}', /not valid JSON/],
  ["a byte order mark", "\ufeff{}", /not valid JSON/],
  ["NaN", inChat('"temperature":NaN'), /not valid JSON/],
  ["an array", "[]", /must be a JSON object/],
  ["null", "null", /must be a JSON object/],
  ["a string", '"x"', /must be a JSON object/],
  ["a lone continuation byte", Buffer.from([0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
  ["an overlong slash", Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
  ["a surrogate in UTF-8", Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
  ["UTF-16", Buffer.from('{"a":1}', "utf16le"), /not valid JSON/],
  ["half a surrogate pair", inChat('"user":"a\\ud800b"'), /surrogate/],
  ["half a surrogate pair in a key", inChat('"a\\udc00":1'), /surrogate/],
  ["a number beyond double", inChat('"temperature":1e999'), /too large/],
  ["arrays 65 deep", inChat(`"x":${nested(64)}`), /deeper than 64/],
  ["arrays a million deep", inChat(`"x":${nested(1_000_000)}`), /deeper than 64/],
  ["objects a million deep, never closed", '{"a":'.repeat(1_000_000), /deeper than 64/],
  ["tools as nested arrays", inChat(`"tools":${nested(300_000)}`), /deeper than 64/],
  ["no messages", "{}", /"messages" must be/],
  ["messages as text", '{"messages":"x"}', /"messages" must be/],
  ["an empty list of messages", '{"messages":[]}', /"messages" must be/],
  ["a message that is a number", '{"messages":[1]}', /"messages" must be/],
  ["a role that is a number", '{"messages":[{"role":1,"content":"x"}]}', /"messages" must be/],
  ["messages of no kind for Anthropic", '{"messages":5,"max_tokens":3}', /"messages" must be/, "/v1/messages"],
  ["a model that is a number", inChat('"model":5'), /"model" must be a string/],
  ["a stream that is a number", inChat('"stream":1'), /"stream" must be true or false/],
  ["a stream that is text", inChat('"stream":"true"'), /"stream" must be true or false/],
  ["max_tokens as text", inChat('"max_tokens":"5"'), /"max_tokens" must be a whole number/],
  ["max_tokens with a fraction", inChat('"max_tokens":1.5'), /"max_tokens" must be a whole number/],
  ["max_tokens beyond any integer", inChat('"max_tokens":99999999999999999999'), /"max_tokens"/],
  ["tools that are a number", inChat('"tools":1'), /"tools" must be/],
  ["a tool without a type", inChat('"tools":[{}]'), /"tools" must be/],
  ["a grammar of 50,000 parentheses", inChat(`"grammar":"root ::= ${"(".repeat(50_000)}"`), /groups and repetitions/],
  ["a grammar of 5,000 question marks", inChat(`"grammar":"root ::= x${"?".repeat(5_000)}"`), /groups and repetitions/],
  ["a grammar of 100 KB", inChat(`"grammar":"root ::= [${"a".repeat(100_000)}]"`), /65536 characters/],
  [
    "a schema that refers on 1,001 times",
    inChat(`"response_format":{"x":[${Array(1_001).fill('{"$ref":"#"}')}]}`),
    /\$ref/,
  ],
  [
    "the same, spelt otherwise",
    inChat(`"tools":[{"type":"f","x":[${Array(1_001).fill('{"\\u0024ref":"#"}')}]}]`),
    /\$ref/,
  ],
  [
    "a pattern of 5,000 question marks",
    inChat(`"json_schema":{"pattern":"^a${"?".repeat(5_000)}$"}`),
    /4096 characters/,
  ],
  ["content that is a number, to be tokenized", '{"content":5}', /"content" must be/, "/tokenize"],
  ["tokens that are text", '{"tokens":"x"}', /"tokens" must be/, "/detokenize"],
  ["negative tokens", '{"tokens":[-5]}', /"tokens" must be/, "/detokenize"],
];

describe("what a worker must not see is 400", () => {
  test.each(REFUSED)("%s", (_name, body, told, path) => {
    const attempt = () => check(body, path);
    expect(attempt).toThrow(told);
    expect(attempt).toThrow(
      expect.objectContaining({ code: "CORRAL_REQUEST_INVALID", facts: expect.objectContaining({ status: 400 }) }),
    );
  });

  test("the wrong field is named as the param", () => {
    expect(() => check(inChat('"stream":1'))).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ param: "stream" }) }),
    );
  });

  test("no message quotes the body", () => {
    expect(() => check('{"messages": secret-prompt}')).not.toThrow(/secret/);
  });
});

describe("what is near a limit passes", () => {
  test.each([
    ["64 deep", inChat(`"x":${nested(63)}`)],
    ["brackets in a text", inChat(`"x":"${"[".repeat(10_000)}"`)],
    ["escaped quotes in front of brackets", inChat(`"x":"\\"${"[".repeat(10_000)}\\\\"`)],
    ["a grammar of 1,000 groups", inChat(`"grammar":"root ::= ${"(".repeat(1_000)}x${")".repeat(1_000)}"`)],
    ["1,000 references", inChat(`"response_format":{"x":[${Array(1_000).fill('{"$ref":"#"}')}]}`)],
  ])("%s", (_name, body) => {
    expect(() => check(body)).not.toThrow();
  });
});

describe("nesting", () => {
  test("is what a walk over the parsed value counts, for any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        expect(nestingDepth(Buffer.from(JSON.stringify(value)), 1_000)).toBe(depthOf(value));
      }),
    );
  });

  test("stops at the limit", () => {
    expect(nestingDepth(Buffer.from(nested(10)), 4)).toBe(5);
  });

  test("any bytes give a number", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => nestingDepth(bytes, 64) >= 0));
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
