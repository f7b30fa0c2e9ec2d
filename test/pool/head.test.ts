import { expect, test } from "vitest";
import { headOf, keyOfHead } from "../../src/pool/hot-prompts/head.ts";

const LONG = "Answer as briefly as you can. ".repeat(30);
const system = { role: "system", content: LONG };
const user = { role: "user", content: "Who are you?" };

test("a head is what stands before the first message of a user", () => {
  const developer = { role: "developer", content: "Be kind." };
  expect(headOf({ messages: [system, developer, user, system], max_tokens: 3 })).toEqual({
    messages: [system, developer],
  });
  expect(headOf({ messages: [system] })).toEqual({ messages: [system] });
});

test("tools stand before the messages in a prompt, so they belong to it", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  expect(headOf({ tools, messages: [system, user] })).toEqual({ tools, messages: [system] });
});

test.each([
  ["no messages", {}],
  ["text instead of messages", { messages: LONG }],
  ["a user who begins", { messages: [{ role: "user", content: LONG }] }],
  ["a short one", { messages: [{ role: "system", content: "Be brief." }, user] }],
  ["what is no message", { messages: [null, 1, system] }],
])("%s: nothing that is worth keeping", (_, body) => {
  expect(headOf(body)).toBeNull();
});

test("equal heads have equal keys, others have others", () => {
  const key = (content: string) => keyOfHead({ messages: [{ role: "system", content }] });
  expect(key("a")).toBe(key("a"));
  expect(key("a")).not.toBe(key("b"));
  expect(key("a")).toMatch(/^[0-9a-f]+$/);
});
