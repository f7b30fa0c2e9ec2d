import { describe, expect, it } from "vitest";
import type { Prompt } from "../../src/route/ask.ts";
import { answerTokensOf, promptOf } from "../../src/route/prompt.ts";

const CHAT = "/v1/chat/completions";
const turn = (role: string, content: unknown) => ({ role, content });
const long = (seed: string, length: number) => seed.repeat(Math.ceil(length / seed.length)).slice(0, length);

/** Bytes that both begin with, as far as their links tell. */
function shared(one: Prompt, other: Prompt): number {
  const differ = one.links.findIndex((link, at) => link !== other.links[at]);
  const links = differ === -1 ? one.links.length : differ;
  return links === 0 ? 0 : (one.depths[links - 1] ?? 0);
}

const chat = (messages: unknown[], more = {}): Prompt => promptOf(CHAT, { messages, ...more }, 1);

describe("promptOf", () => {
  const first = [turn("system", "You are terse."), turn("user", "Why is the sky blue?")];

  it("of a later turn begins with all links of the turn before", () => {
    const [before, after] = [
      chat(first),
      chat([...first, turn("assistant", "Rayleigh."), turn("user", "And at dusk?")]),
    ];
    expect(after.links.slice(0, before.links.length)).toEqual(before.links);
    expect(after.tokens).toBeGreaterThan(before.tokens);
    expect(after.conversation).toBe(before.conversation);
  });

  it("tells apart roles, tools, template options and where one message ends", () => {
    const base = chat(first);
    for (const other of [
      chat([turn("user", "You are terse."), first[1]]),
      chat(first, { tools: [{ type: "function" }] }),
      chat(first, { chat_template_kwargs: { enable_thinking: false } }),
      chat([turn("system", "You are"), turn("system", " terse."), first[1]]),
      chat([turn("system", "You are terse!"), first[1]]),
    ])
      expect(shared(base, other)).toBe(0);
    expect(chat(first, { temperature: 1, stream: true, max_tokens: 7 }).links).toEqual(base.links);
  });

  it("takes text parts as the text", () => {
    expect(
      shared(
        chat([turn("user", [{ type: "text", text: "Hello" }])]),
        chat([turn("user", [{ type: "text", text: "Hello" }])]),
      ),
    ).toBe(9);
    const picture = (data: string) => chat([turn("user", [{ type: "image_url", image_url: { url: data } }])]);
    expect(picture(`data:${long("a", 1e6)}`).tokens).toBeLessThan(1_100);
    expect(picture("data:a").links).not.toEqual(picture("data:b").links);
  });

  it("shares the beginning of long texts to within a thirty-second of them", () => {
    const document = long("All work and no play makes Jack a dull boy. ", 100_000);
    const [one, other] = ["What of Jack?", "Who is dull?"].map((question) => chat([turn("user", document + question)]));
    expect(shared(one!, other!)).toBeGreaterThan(100_000 * (31 / 32) - 256);
    const raw = ["a", "b"].map((end) => promptOf("/v1/completions", { prompt: document + end }, 1));
    expect(shared(raw[0]!, raw[1]!)).toBeGreaterThan(100_000 * (31 / 32) - 256);
  });

  it("has few links however long the text or many the messages", () => {
    expect(promptOf("/v1/completions", { prompt: long("abc", 20_000_000) }, 1)).toMatchObject({ tokens: 20_000_000 });
    expect(promptOf("/v1/completions", { prompt: long("abc", 20_000_000) }, 1).links.length).toBeLessThan(400);
    const many = Array.from({ length: 20_000 }, (_, at) => turn("user", `${at}`));
    expect(chat(many).links.length).toBeLessThan(1_300);
  });

  it("counts bytes of UTF-8, and takes token numbers as they are", () => {
    expect(promptOf("/v1/completions", { prompt: "é中😀" }, 0.5)).toMatchObject({ bytes: 9, tokens: 4.5 });
    const [one, other] = [
      [1, 2, 3],
      [1, 2, 4],
    ].map((prompt) => promptOf("/v1/completions", { prompt }, 0.25));
    expect(one?.tokens).toBe(3);
    expect(one?.links).not.toEqual(other?.links);
  });

  it("of other dialects is the same idea", () => {
    const anthropic = (messages: unknown[]) => promptOf("/v1/messages", { system: "Be brief.", messages }, 1);
    const before = anthropic([turn("user", "Hi")]);
    const after = anthropic([turn("user", "Hi"), turn("assistant", "Hello"), turn("user", "Bye")]);
    expect(shared(before, after)).toBe(before.tokens);
    expect(promptOf("/v1/responses", { instructions: "Be brief.", input: "Hi" }, 1).links.length).toBeGreaterThan(0);
  });

  it("has nothing to share where nothing is kept, and no tokens where nothing is computed", () => {
    expect(promptOf("/v1/embeddings", { input: ["some text"] }, 1)).toMatchObject({ links: [], tokens: 9 });
    expect(chat(first, { cache_prompt: false }).links).toEqual([]);
    expect(promptOf("/tokenize", { content: "some text" }, 1).tokens).toBe(0);
    expect(promptOf(CHAT, null, 1).tokens).toBe(0);
  });
});

describe("answerTokensOf", () => {
  it("is the least of the limits, and null where none is set", () => {
    expect(answerTokensOf({ max_tokens: 50, max_completion_tokens: 20 })).toBe(20);
    expect(answerTokensOf({ max_tokens: -1, n_predict: null })).toBeNull();
    expect(answerTokensOf("text")).toBeNull();
  });
});
