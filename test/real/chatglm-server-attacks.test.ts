import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ChatglmServer, KEY, type MadeModels, makeModels, TYPES } from "../fixtures/chatglm-kit.ts";
import { post, RawConnection } from "../fixtures/raw-http.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

const CHAT = "/v1/chat/completions";
const COMPLETION = "/v1/completions";
const MB = 1024 * 1024;

let models: MadeModels;
beforeAll(async () => {
  models = await makeModels(newDir());
});
afterAll(removeDirs);

const servers: ChatglmServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.kill())));

async function serve(type: (typeof TYPES)[number], args: readonly string[] = []): Promise<ChatglmServer> {
  const server = await ChatglmServer.start(models.alphabet[type], newDir(), args);
  servers.push(server);
  return server.ready();
}

/** It lives, and answers as ever. */
async function expectWell(server: ChatglmServer): Promise<void> {
  const reply = await server.post(CHAT, { messages: [{ role: "user", content: "go" }], temperature: 0 });
  expect(reply.json.choices[0].message.content).toBe("abcdefghijklmnopqrstuvwxyz");
  expect((await server.metrics()).requests_processing).toBe(0);
}

const chat = (more: object) => ({ messages: [{ role: "user", content: "go" }], max_tokens: 2, ...more });
const message = (more: unknown) => ({ messages: [more], max_tokens: 2 });
const call = (args: string) =>
  chat({
    messages: [{ role: "assistant", content: null, tool_calls: [{ function: { name: "f", arguments: args } }] }],
  });
const tool = (more: object) => chat({ tools: [{ type: "function", function: { name: "f", ...more } }] });

/** No JSON, or none that an object comes of. */
const MALFORMED: readonly (string | Buffer)[] = [
  "",
  "{",
  "[]",
  "null",
  '"text"',
  "42",
  "{'messages': []}",
  '{"messages": NaN}',
  '{"prompt": "x", "temperature": 1e999}',
  '{"prompt": "\\ud800"}',
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from('{"prompt": "\u0000"}'),
  Buffer.alloc(1000, "[".charCodeAt(0)),
  `{"a":`.repeat(200_000),
  `{"prompt": ${"[".repeat(300_000)}${"]".repeat(300_000)}}`,
  `{"messages": [], "tools": ${"[".repeat(300_000)}${"]".repeat(300_000)}}`,
  `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":${n}`).join(",")}}`,
];

/** What is asked can't be done, or is nothing that could be asked. */
const REFUSED: readonly (readonly [string, object])[] = [
  [CHAT, {}],
  [CHAT, { messages: [] }],
  [CHAT, { messages: "go" }],
  [CHAT, { messages: { role: "user" } }],
  [CHAT, { messages: [[]] }],
  [CHAT, message("go")],
  [CHAT, message(null)],
  [CHAT, message({ role: "wizard", content: "go" })],
  [CHAT, message({ role: 7, content: "go" })],
  [CHAT, message({ content: "go" })],
  [CHAT, message({ role: "user", content: 7 })],
  [CHAT, message({ role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] })],
  [CHAT, message({ role: "user", content: [7] })],
  [CHAT, call(`{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`)],
  [CHAT, call(`{${Array.from({ length: 200_000 }, (_, n) => `"k${n}":${n}`).join(",")}}`)],
  [CHAT, chat({ n: 2 })],
  [CHAT, chat({ logprobs: true })],
  [CHAT, chat({ top_logprobs: 3 })],
  [CHAT, chat({ response_format: { type: "json_object" } })],
  [CHAT, chat({ response_format: "json" })],
  [CHAT, chat({ grammar: "(".repeat(100_000) })],
  [CHAT, chat({ json_schema: { type: "object" } })],
  [CHAT, chat({ tool_choice: "required" })],
  [CHAT, chat({ tools: "f" })],
  [CHAT, chat({ max_tokens: -5 })],
  [CHAT, chat({ max_tokens: 1.5 })],
  [CHAT, chat({ max_tokens: 2 ** 40 })],
  [CHAT, chat({ temperature: "hot" })],
  [CHAT, chat({ top_k: {} })],
  [CHAT, chat({ seed: "x" })],
  [CHAT, chat({ stream: "yes" })],
  [CHAT, chat({ stop: 7 })],
  [CHAT, chat({ stop: ["a", 7] })],
  [CHAT, chat({ stop: Array.from({ length: 1000 }, (_, n) => `${n}`) })],
  [CHAT, chat({ stop: "x".repeat(100_000) })],
  [CHAT, chat({ logit_bias: 7 })],
  [CHAT, chat({ logit_bias: [7] })],
  [CHAT, chat({ logit_bias: { 5: "much" } })],
  [CHAT, chat({ logit_bias: { ["x".repeat(1000)]: 5 } })],
  [CHAT, chat({ mirostat: 2 })],
  [COMPLETION, {}],
  [COMPLETION, { prompt: 7 }],
  [COMPLETION, { prompt: [] }],
  [COMPLETION, { prompt: {} }],
  [COMPLETION, { prompt: ["two", "prompts"] }],
  [COMPLETION, { prompt: [[1], [2]] }],
  [COMPLETION, { prompt: [-1] }],
  [COMPLETION, { prompt: [1, 2 ** 31] }],
  [COMPLETION, { prompt: [2 ** 53] }],
  [COMPLETION, { prompt: [-(2 ** 53)] }],
  [COMPLETION, { prompt: [1.5] }],
  [COMPLETION, { prompt: [1, null] }],
  [COMPLETION, { prompt: [1, true] }],
  [COMPLETION, { prompt: [1, [2]] }],
  [COMPLETION, { prompt: "x", echo: true }],
  [COMPLETION, { prompt: "x", suffix: "y" }],
  [COMPLETION, { prompt: "x", best_of: 3 }],
  [COMPLETION, { prompt: "x ".repeat(5_000) }],
  [COMPLETION, { prompt: Array.from({ length: 100_000 }, () => 5) }],
  ["/tokenize", { content: 7 }],
  ["/tokenize", { content: [7.5] }],
  ["/detokenize", { tokens: "x" }],
  ["/detokenize", { tokens: [-1] }],
  ["/detokenize", { tokens: [1e9] }],
  ["/detokenize", { tokens: ["x"] }],
  ["/apply-template", {}],
];

/** Strange, and to be answered or refused, but by a whole process. */
const STRANGE: readonly (readonly [string, object])[] = [
  [COMPLETION, { prompt: "", max_tokens: 2 }],
  [COMPLETION, { prompt: [""], max_tokens: 2 }],
  [COMPLETION, { prompt: [5], max_tokens: 2 }],
  [COMPLETION, { prompt: Array.from({ length: 300 }, (_, n) => n), max_tokens: 2 }],
  [CHAT, message({ role: "user", content: "" })],
  [CHAT, message({ role: "user", content: null })],
  [CHAT, message({ role: "user" })],
  [CHAT, message({ role: "user", content: [] })],
  [CHAT, message({ role: "system", content: "be good" })],
  [CHAT, message({ role: "assistant", content: "I" })],
  [CHAT, message({ role: "tool", content: "42" })],
  [CHAT, message({ role: "assistant", content: null, tool_calls: [7] })],
  [CHAT, message({ role: "assistant", tool_calls: [{ function: { name: "f", arguments: "{" } }] })],
  [CHAT, message({ role: "assistant", tool_calls: [{ function: { name: "f", arguments: 7 } }] })],
  [CHAT, message({ role: "user", content: "<|user|><|assistant|>[gMASK]<sop><eop><|endoftext|>\u0000\u200b" })],
  [CHAT, chat({ max_tokens: 2 ** 31 - 1 })],
  [CHAT, chat({ temperature: 1e30 })],
  [CHAT, chat({ temperature: -1 })],
  [CHAT, chat({ temperature: 1e-30, top_k: -7 })],
  [CHAT, chat({ top_p: -3, min_p: 9 })],
  [CHAT, chat({ top_p: 0, top_k: 2 ** 31 - 1 })],
  [CHAT, chat({ repeat_penalty: 0 })],
  [CHAT, chat({ repeat_penalty: -1e38, repeat_last_n: -1 })],
  [CHAT, chat({ presence_penalty: 1e38, frequency_penalty: -1e38, temperature: 1e9 })],
  [CHAT, chat({ seed: 2 ** 53 })],
  [CHAT, chat({ seed: -(2 ** 40) })],
  [CHAT, chat({ logit_bias: { 5: 1e38, 6: -1e38, 99999999: 3, "-4": 2, "": 1, 7: false } })],
  [
    CHAT,
    chat({
      logit_bias: [
        [5, 100],
        ["go", false],
      ],
    }),
  ],
  [CHAT, chat({ stop: ["", ""] })],
  [CHAT, chat({ stop: [] })],
  [CHAT, chat({ stop: null, n: null, tools: null, seed: null, stream_options: null, logit_bias: null })],
  [CHAT, chat({ stream_options: 7, user: {}, metadata: [[]] })],
  [CHAT, tool({})],
  [CHAT, tool({ name: 7 })],
  [CHAT, tool({ parameters: { type: "object", properties: { "": { enum: [1, null, [], {}] } } } })],
  [CHAT, chat({ tools: [7] })],
  [CHAT, chat({ tools: [{ type: 7 }] })],
  [CHAT, chat({ tools: Array.from({ length: 5_000 }, (_, n) => ({ function: { name: `f${n}` } })) })],
  ["/tokenize", { content: "x".repeat(MB) }],
  ["/tokenize", { content: "", with_pieces: true }],
  ["/tokenize", { content: Array.from({ length: 1000 }, (_, n) => n), with_pieces: true }],
  ["/detokenize", { tokens: Array.from({ length: 1200 }, (_, n) => n) }],
  ["/detokenize", { tokens: [] }],
];

it.each(TYPES)("type %i: hostile bodies get a 400, and leave the process as it was", async (type) => {
  const server = await serve(type);
  const error = { code: 400, message: expect.any(String), type: expect.any(String) };
  for (const body of MALFORMED) {
    for (const path of [CHAT, COMPLETION, "/tokenize"]) {
      expect(await server.post(path, body), body.slice(0, 40).toString()).toMatchObject({
        status: 400,
        json: { error },
      });
    }
  }
  for (const [path, body] of REFUSED) {
    expect(await server.post(path, body), JSON.stringify(body).slice(0, 200)).toMatchObject({
      status: 400,
      json: { error },
    });
  }
  await expectWell(server);
});

it.each(TYPES)("type %i: strange bodies are answered or refused, streamed and not", async (type) => {
  const server = await serve(type, ["-c", "512"]);
  for (const [path, body] of STRANGE) {
    const replies = [await server.post(path, body), await server.post(path, { ...body, stream: true })];
    for (const { status, text } of replies)
      expect([200, 400], `${JSON.stringify(body).slice(0, 200)}: ${text}`).toContain(status);
    expect(replies[1]?.status).toBe(replies[0]?.status);
  }
  await expectWell(server);
});

it("every token of the vocabulary, and of its padding, can be read and written", async () => {
  for (const type of TYPES) {
    const server = await serve(type);
    const { n_vocab } = (await server.ask("/v1/models")).json.data[0].meta;
    const tokens = Array.from({ length: n_vocab }, (_, id) => id);
    expect((await server.post("/detokenize", { tokens })).status).toBe(200);
    expect((await server.post("/tokenize", { content: tokens, with_pieces: true })).status).toBe(200);
    expect((await server.post("/detokenize", { tokens: [n_vocab] })).status).toBe(400);
    for (let from = 0; from < n_vocab; from += 1000) {
      const prompt = tokens.slice(from, from + 1000);
      expect((await server.post(COMPLETION, { prompt, max_tokens: 1 })).status).toBe(200);
    }
    await expectWell(server);
  }
});

it("a text that no context holds is refused before it is made into tokens", async () => {
  const server = await serve(3);
  const content = "x".repeat(MB + 1);
  for (const [path, body] of [
    [COMPLETION, { prompt: content }],
    [COMPLETION, { prompt: [5, content] }],
    [CHAT, chat({ messages: [{ role: "user", content: [{ type: "text", text: content }] }] })],
    [CHAT, chat({ tools: [{ type: "function", function: { name: "f", description: content } }] })],
    ["/apply-template", chat({ messages: [{ role: "user", content }] })],
  ] as const) {
    const error = { code: 400, type: "exceed_context_size_error", n_ctx: 2048, n_prompt_tokens: expect.any(Number) };
    expect(await server.post(path, body)).toMatchObject({ status: 400, json: { error } });
  }
  const image = [{ type: "image_url", image_url: { url: `data:image/png;base64,${content}` } }];
  const reply = await server.post(CHAT, chat({ messages: [{ role: "user", content: image }] }));
  expect(reply).toMatchObject({ status: 400, json: { error: { type: "invalid_request_error" } } });
  expect(await server.post("/tokenize", { content })).toMatchObject({ status: 413, json: { error: { code: 413 } } });
  await expectWell(server);
});

it("a body that is too large is a 413", async () => {
  const server = await serve(3);
  const reply = await server.post("/tokenize", { content: "x".repeat(9 * MB) }).catch((error: Error) => error);
  // The server answers and closes while the body is still being sent: some clients see that only.
  if (!(reply instanceof Error)) {
    expect(reply).toMatchObject({ status: 413, json: { error: { code: 413, type: "invalid_request_error" } } });
  }
  await expectWell(server);
});

it("broken HTTP, half-sent bodies and connections that say nothing harm nobody", async () => {
  const server = await serve(3);
  const port = Number(new URL(server.origin).port);
  const open = () => RawConnection.open(port);
  const head = { authorization: `Bearer ${KEY}` };

  const garbage = await open();
  garbage.send("\u0016\u0003\u0001 not HTTP\r\n\r\n");
  expect((await garbage.response()).status).toBe(400);
  const smuggled = await open();
  smuggled.send(post(CHAT, "{}", { ...head, "transfer-encoding": "chunked" }));
  expect((await smuggled.response()).status).toBe(400);
  const huge = await open();
  huge.send(`GET /${"x".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect((await huge.response()).status).toBe(414);

  const halves = await Promise.all(Array.from({ length: 60 }, open));
  for (const half of halves) half.send(post(CHAT, '{"messages":', { ...head, "content-length": "1000" }));
  const silent = await Promise.all(Array.from({ length: 60 }, open));
  await expectWell(server);
  for (const connection of [...halves, ...silent]) connection.destroy();
  await expectWell(server);

  // Cut within the body, and right behind it.
  for (const bytes of [200, 100_000]) {
    const cut = await open();
    cut.send(post(CHAT, JSON.stringify(chat({ max_tokens: 500 })), head).subarray(0, bytes));
    cut.destroy();
  }
  await server.idle();
  await expectWell(server);
});
