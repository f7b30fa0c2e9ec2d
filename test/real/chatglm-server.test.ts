import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ChatglmServer, collect, KEY, type MadeModels, makeModels, TYPES } from "../fixtures/chatglm-kit.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

const CHAT = "/v1/chat/completions";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
const ENDLESS = { messages: [{ role: "user", content: "go on" }], temperature: 0 };
const LATER = [2, 3, 4] as const;

let models: MadeModels;
beforeAll(async () => {
  models = await makeModels(newDir());
});
afterAll(removeDirs);

const servers: ChatglmServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.kill())));

async function serve(model: string, args: readonly string[] = [], isUnix = false): Promise<ChatglmServer> {
  const server = await ChatglmServer.start(model, newDir(), args, isUnix);
  servers.push(server);
  return server.ready();
}

const user = (content: unknown, more: object = {}): object => ({
  messages: [{ role: "user", content }],
  temperature: 0,
  ...more,
});

describe("each type of model", () => {
  it.each(TYPES)("type %i answers chats and completions, streamed and not", async (type) => {
    const server = await serve(models.alphabet[type], ["--alias", "letters"]);
    const plain = (await server.post(CHAT, user("你好，世界"))).json;
    expect(plain.choices).toEqual([
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: ALPHABET } },
    ]);
    expect(plain).toMatchObject({ object: "chat.completion", model: "letters" });
    const { prompt_tokens, total_tokens } = plain.usage;
    expect(plain.usage.completion_tokens).toBe(27); // the end, too
    expect(total_tokens).toBe(prompt_tokens + 27);
    expect(plain.timings).toMatchObject({ cache_n: 0, prompt_n: prompt_tokens, predicted_n: 27 });

    const streamed = await collect(
      server.events(CHAT, user("你好，世界", { stream_options: { include_usage: true } })),
    );
    expect(streamed).toMatchObject({ text: ALPHABET, done: true });
    expect(streamed.chunks[0].choices[0].delta).toEqual({ role: "assistant", content: null });
    const [last, usage] = streamed.chunks.slice(-2);
    expect(last.choices).toEqual([{ index: 0, finish_reason: "stop", delta: {} }]);
    expect(usage).toMatchObject({ choices: [], usage: { prompt_tokens, completion_tokens: 27 } });

    const completion = (await server.post("/v1/completions", { prompt: "abc", temperature: 0 })).json;
    expect(completion).toMatchObject({
      object: "text_completion",
      choices: [{ finish_reason: "stop", logprobs: null }],
    });
    const again = await collect(server.events("/v1/completions", { prompt: "abc", temperature: 0 }));
    expect(again).toMatchObject({ text: completion.choices[0].text, done: true });
    expect(again.chunks.at(-1)).toMatchObject({ usage: completion.usage, choices: [{ finish_reason: "stop" }] });
  });

  it.each(TYPES)("type %i keeps to stop and max_tokens", async (type) => {
    const server = await serve(models.alphabet[type]);
    const cases = [
      { asks: { max_tokens: 5 }, text: "abcde", finish: "length" },
      { asks: { max_completion_tokens: 1 }, text: "a", finish: "length" },
      { asks: { max_tokens: 0 }, text: "", finish: "length" },
      { asks: { stop: "fgh" }, text: "abcde", finish: "stop" },
      { asks: { stop: ["nowhere", "c", ""] }, text: "ab", finish: "stop" },
      { asks: { max_tokens: 3, stop: ["cz"] }, text: "abc", finish: "length" },
    ];
    for (const { asks, text, finish } of cases) {
      const plain = (await server.post(CHAT, user("go", asks))).json;
      expect(plain.choices[0]).toMatchObject({ finish_reason: finish, message: { content: text } });
      const streamed = await collect(server.events(CHAT, user("go", asks)));
      expect(streamed.text).toBe(text);
      expect(streamed.chunks.at(-1).choices[0].finish_reason).toBe(finish);
    }
  });

  it.each(TYPES)("type %i: the same seed the same text, streamed and not", async (type) => {
    const server = await serve(models.random[type]);
    const asks = (seed: number) =>
      user("为什么天是蓝的？", { temperature: 2, top_k: 0, top_p: 1, min_p: 0, max_tokens: 80, seed });
    const plain = async (seed: number): Promise<string> =>
      (await server.post(CHAT, asks(seed))).json.choices[0].message.content;
    const first = await plain(7);
    expect(first.length).toBeGreaterThan(10);
    expect(await plain(7)).toBe(first);
    expect((await collect(server.events(CHAT, asks(7)))).text).toBe(first);
    expect(await plain(8)).not.toBe(first);
  });

  it.each(TYPES)("type %i reads and writes tokens", async (type) => {
    const server = await serve(models.alphabet[type]);
    for (const content of ["hello world", "你好，世界。", "const a = 1;", "🙂 ok", ""]) {
      const { tokens } = (await server.post("/tokenize", { content })).json;
      expect((await server.post("/detokenize", { tokens })).json).toEqual({ content });
    }
    const { tokens } = (await server.post("/tokenize", { content: "hi🙂", with_pieces: true })).json;
    const pieces: (string | number[])[] = tokens.map(({ piece }: { piece: string | number[] }) => piece);
    expect(
      Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)))
        .toString()
        .trim(),
    ).toBe("hi🙂");
    const special = (await server.post("/tokenize", { content: "hi", add_special: true })).json.tokens;
    expect(special.length).toBeGreaterThan((await server.post("/tokenize", { content: "hi" })).json.tokens.length);
    const { prompt } = (await server.post("/apply-template", user("why?"))).json;
    expect(prompt).toContain("why?");
    const mixed = { prompt: [...special, "and", special[0]], max_tokens: 1, temperature: 0 };
    expect((await server.post("/v1/completions", mixed)).json.usage.prompt_tokens).toBeGreaterThan(special.length + 1);
  });

  it.each(LATER)("type %i: a second turn is read from the cache, and answered as a cold one", async (type) => {
    const server = await serve(models.random[type]);
    const text = Array.from({ length: 150 }, (_, n) => `word${n} 词${n}`).join(", ");
    const first = { role: "user", content: text };
    const answer = (await server.post(CHAT, { messages: [first], temperature: 0, max_tokens: 50 })).json;
    expect(answer.usage.prompt_tokens).toBeGreaterThan(300);
    const messages = [first, { role: "assistant", content: "I see." }, { role: "user", content: "and now?" }];
    const turn = { messages, temperature: 0, max_tokens: 60 };
    const warm = (await server.post(CHAT, turn)).json;
    const cold = (await server.post(CHAT, { ...turn, cache_prompt: false })).json;
    const cached = warm.usage.prompt_tokens_details.cached_tokens;
    expect(cached).toBeGreaterThan(200);
    expect(cached % 64).toBe(0);
    expect(warm.timings).toMatchObject({ cache_n: cached, prompt_n: warm.usage.prompt_tokens - cached });
    expect(cold.usage.prompt_tokens_details.cached_tokens).toBe(0);
    expect(warm.choices).toEqual(cold.choices);
    expect(warm.choices[0].message.content.length).toBeGreaterThan(10);
  });

  it("type 1 reads every prompt anew: it sees it in both directions", async () => {
    const server = await serve(models.random[1]);
    const asks = user("one two three ".repeat(60), { max_tokens: 5 });
    const answers = [(await server.post(CHAT, asks)).json, (await server.post(CHAT, asks)).json];
    expect(answers[1].usage.prompt_tokens_details.cached_tokens).toBe(0);
    expect(answers[1].choices).toEqual(answers[0].choices);
  });

  it.each(LATER)("type %i goes on with an answer that was begun", async (type) => {
    const server = await serve(models.alphabet[type]);
    const messages = [
      { role: "user", content: "go" },
      { role: "assistant", content: "abcd" },
    ];
    const asks = { messages, temperature: 0 };
    expect((await server.post(CHAT, asks)).json.choices[0].message.content).toBe(ALPHABET);
    expect((await collect(server.events(CHAT, asks))).text).toBe(ALPHABET);
    const only = { ...asks, continue_final_message: true, add_generation_prompt: false };
    expect((await collect(server.events(CHAT, only))).text).toBe(ALPHABET.slice(4));
  });
});

describe("tools", () => {
  const tools = [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }];

  /** Biases that fall, and a penalty that lets nothing come twice: the model writes these tokens in this order. */
  async function dictated(server: ChatglmServer, texts: readonly string[]): Promise<object> {
    const ids = await Promise.all(
      texts.map(async (content) => (await server.post("/tokenize", { content })).json.tokens as number[]),
    );
    expect(ids.every(({ length }) => length === 1)).toBe(true);
    const biases = ids.map(([id], place) => [id, 1000 * (texts.length - place)]);
    return { logit_bias: biases, presence_penalty: 500_000, repeat_last_n: 16 };
  }

  it("a call comes as tool_calls, streamed and not", async () => {
    const server = await serve(models.alphabet[4]);
    const biases = await dictated(server, ["f", "\n", "{", "}", "<|user|>"]);
    const asks = user("x".repeat(200), { ...biases, tools });
    const { choices } = (await server.post(CHAT, asks)).json;
    const call = { id: expect.any(String), type: "function", function: { name: "f", arguments: "{}" } };
    expect(choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { content: "", tool_calls: [call] } });

    const { text, chunks } = await collect(server.events(CHAT, asks));
    expect(text).toBe("");
    expect(chunks.map(({ choices }) => choices[0].delta)).toEqual([
      { role: "assistant", content: null },
      { tool_calls: [{ index: 0, ...call }] },
      {},
    ]);
    expect(chunks.at(-1).choices[0].finish_reason).toBe("tool_calls");

    const unasked = (await server.post(CHAT, user("x".repeat(200), biases))).json.choices[0];
    expect(unasked).toMatchObject({ finish_reason: "stop", message: { content: "f\n{}" } });
    const forbidden = (await server.post(CHAT, { ...asks, tool_choice: "none" })).json.choices[0];
    expect(forbidden).toMatchObject({ finish_reason: "stop", message: { content: "f\n{}" } });
  });

  it("a text comes as it is where tools were offered", async () => {
    for (const type of [3, 4] as const) {
      const server = await serve(models.alphabet[type]);
      const asks = user("go", { tools });
      const { choices } = (await server.post(CHAT, asks)).json;
      expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: ALPHABET } });
      const { text, chunks } = await collect(server.events(CHAT, asks));
      expect(text).toBe(ALPHABET);
      expect(chunks.length).toBeGreaterThan(10); // it was not held back to the end
      const result = [
        { role: "user", content: "go" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ type: "function", id: "1", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "1", content: "42" },
      ];
      expect(
        (await server.post(CHAT, { messages: result, tools, temperature: 0 })).json.choices[0].message.content,
      ).toBe(ALPHABET);
    }
  });
});

describe("endpoints", () => {
  it("tell what llama-server's tell", async () => {
    const server = await serve(models.alphabet[3], ["-c", "512", "--alias", "letters"]);
    expect(await server.ask("/health")).toMatchObject({ status: 200, json: { status: "ok" } });
    expect((await server.ask("/slots")).json).toEqual([
      { id: 0, n_ctx: 512, speculative: false, is_processing: false },
    ]);
    expect((await server.ask("/v1/models")).json).toMatchObject({
      object: "list",
      data: [{ id: "letters", object: "model", meta: { n_ctx: 512, n_ctx_train: 2048, vocab_type: 1 } }],
    });
    expect((await server.ask("/props")).json).toMatchObject({
      total_slots: 1,
      model_alias: "letters",
      default_generation_settings: { n_ctx: 512 },
    });
    expect((await server.ask("/health", { method: "HEAD" })).status).toBe(200);
  });

  it("count in their metrics what the answers say", async () => {
    const server = await serve(models.random[3]);
    const asks = user("one two three ".repeat(60), { max_tokens: 9 });
    const usages = [(await server.post(CHAT, asks)).json.usage, (await server.post(CHAT, asks)).json.usage];
    const metrics = await server.metrics();
    const cached = usages[1].prompt_tokens_details.cached_tokens;
    expect(cached).toBeGreaterThan(0);
    expect(metrics).toMatchObject({
      prompt_tokens_total: usages[0].prompt_tokens + usages[1].prompt_tokens - cached,
      prompt_tokens_cached_total: cached,
      tokens_predicted_total: usages[0].completion_tokens + usages[1].completion_tokens,
      requests_processing: 0,
      requests_deferred: 0,
    });
    expect(metrics.n_decode_total).toBeGreaterThanOrEqual(16);
  });

  it("ask for a key, but for /health, and tell a wrong path from a wrong method", async () => {
    const server = await serve(models.alphabet[2]);
    const error = (code: number, type: string) => ({ error: { code, message: expect.any(String), type } });
    for (const authorization of ["", "Bearer ", "Bearer wrong", `Bearer ${KEY}x`, KEY.slice(1), "Basic abc"]) {
      const reply = await server.ask("/v1/models", { headers: { authorization } });
      expect(reply).toMatchObject({ status: 401, json: error(401, "authentication_error") });
      expect((await server.ask("/health", { headers: { authorization } })).status).toBe(200);
    }
    for (const authorization of [KEY, `Bearer ${KEY}`, "Bearer another key"]) {
      expect((await server.ask("/v1/models", { headers: { authorization } })).status).toBe(200);
    }
    expect(await server.ask("/nowhere")).toMatchObject({ status: 404, json: error(404, "not_found_error") });
    const wrong = await server.ask(CHAT, { method: "DELETE" });
    expect(wrong).toMatchObject({ status: 405, json: error(405, "invalid_request_error"), headers: { allow: "POST" } });
  });

  it("refuse a prompt that leaves no room, and never cut it", async () => {
    const server = await serve(models.alphabet[2], ["-c", "100"]);
    const { tokens } = (await server.post("/tokenize", { content: "x ".repeat(200) })).json;
    const fits = await server.post("/v1/completions", { prompt: tokens.slice(0, 99), temperature: 0 });
    expect(fits.json).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 1 } });
    for (const stream of [false, true]) {
      const reply = await server.post("/v1/completions", { prompt: tokens.slice(0, 100), stream });
      const error = { code: 400, type: "exceed_context_size_error", n_prompt_tokens: 100, n_ctx: 100 };
      expect(reply).toMatchObject({ status: 400, json: { error } });
    }
  });
});

describe("clients that leave", () => {
  it.each([true, false])("free the slot (streaming: %s)", async (stream) => {
    const server = await serve(models.endless[3]);
    const leave = new AbortController();
    const lost = stream
      ? collect(server.events(CHAT, ENDLESS, leave.signal))
      : server.post(CHAT, ENDLESS, { signal: leave.signal });
    const outcome = expect(lost).rejects.toThrow(/abort/i);
    await server.until((metrics) => metrics.requests_processing === 1 && metrics.n_decode_total! > 3);
    leave.abort();
    await outcome;
    const after = await server.idle();
    expect(after.tokens_predicted_total).toBeLessThan(60_000); // else it ran to the context's end
    expect((await server.post(CHAT, user("go", { max_tokens: 3 }))).json.choices[0].message.content).toBe("abc");
  });

  it("are noticed while their prompt is read", async () => {
    const server = await serve(models.endless[2]);
    const leave = new AbortController();
    const prompt = Array.from({ length: 65_000 }, () => 300);
    const lost = collect(server.events("/v1/completions", { prompt }, leave.signal));
    const outcome = expect(lost).rejects.toThrow(/abort/i);
    const before = await server.until((metrics) => metrics.n_decode_total! > 1);
    leave.abort();
    await outcome;
    const after = await server.idle();
    expect(before.tokens_predicted_total).toBe(0);
    expect(after.tokens_predicted_total).toBe(0);
    expect(after.prompt_tokens_total).toBe(0);
  });

  it("are noticed while they wait", async () => {
    const server = await serve(models.endless[2]);
    const first = new AbortController();
    const second = new AbortController();
    const running = collect(server.events(CHAT, ENDLESS, first.signal)).catch(() => "cut");
    await server.until((metrics) => metrics.requests_processing === 1);
    const waiting = server.post(CHAT, ENDLESS, { signal: second.signal }).catch(() => "cut");
    await server.until((metrics) => metrics.requests_deferred === 1);
    second.abort();
    const then = await server.until((metrics) => metrics.requests_deferred === 0);
    expect(then.requests_processing).toBe(1);
    first.abort();
    expect(await Promise.all([running, waiting])).toEqual(["cut", "cut"]);
    await server.idle();
  });
});

describe("many at once", () => {
  it("wait in a bounded queue; beyond it 503, while /health and /metrics answer", async () => {
    const server = await serve(models.endless[3], ["--queue", "2"]);
    const leave = new AbortController();
    const running = collect(server.events(CHAT, ENDLESS, leave.signal)).catch(() => "cut");
    await server.until((metrics) => metrics.requests_processing === 1);
    const short = user("go", { max_tokens: 3 });
    const waiting = [server.post(CHAT, short), collect(server.events(CHAT, short))] as const;
    await server.until((metrics) => metrics.requests_deferred === 2);
    const error = { code: 503, message: expect.any(String), type: "unavailable_error" };
    for (const stream of [false, true]) {
      const refused = await server.post(CHAT, { ...short, stream });
      expect(refused).toMatchObject({ status: 503, json: { error }, headers: { "retry-after": "1" } });
    }
    expect((await server.ask("/health")).status).toBe(200);
    expect((await server.ask("/slots")).json[0].is_processing).toBe(true);
    leave.abort();
    expect(await running).toBe("cut");
    const [plain, streamed] = await Promise.all(waiting);
    expect(plain.json.choices[0].message.content).toBe("abc");
    expect(streamed.text).toBe("abc");
  });

  it("are all answered, each with its own text", async () => {
    const server = await serve(models.random[4], ["--queue", "30"]);
    const asks = (n: number) => user(`number ${n}`, { max_tokens: 12 });
    const alone: string[] = [];
    for (let n = 0; n < 10; n++) alone.push((await server.post(CHAT, asks(n))).json.choices[0].message.content);
    const together = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        n < 10
          ? (await server.post(CHAT, asks(n))).json.choices[0].message.content
          : (await collect(server.events(CHAT, asks(n - 10)))).text,
      ),
    );
    expect(together).toEqual([...alone, ...alone]);
  });
});

describe("a process", () => {
  it("serves on a Unix socket, and takes it away when it ends", async () => {
    const server = await serve(models.alphabet[4], [], true);
    expect((await server.post(CHAT, user("go"))).json.choices[0].message.content).toBe(ALPHABET);
    const leave = new AbortController();
    expect((await collect(server.events(CHAT, user("go"), leave.signal))).text).toBe(ALPHABET);
    const path = /listening on (\S+)/.exec(server.stderr)?.[1] ?? "";
    expect(path.endsWith("worker.sock") && existsSync(path)).toBe(true);
    server.child.kill("SIGTERM");
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  it("on SIGTERM finishes what runs and what waits, takes nothing more, and exits 0", async () => {
    const server = await serve(models.endless[3]);
    const long = { ...ENDLESS, max_tokens: 12_000 };
    const running = collect(server.events(CHAT, long));
    await server.until((metrics) => metrics.requests_processing === 1);
    const waiting = [
      server.post(CHAT, user("go", { max_tokens: 3 })),
      collect(server.events(CHAT, user("go", { max_tokens: 2 }))),
    ] as const;
    await server.until((metrics) => metrics.requests_deferred === 2);
    server.child.kill("SIGTERM");
    await refusing(server);
    const { text, chunks, done } = await running;
    expect(text.length).toBe(12_000);
    expect(chunks.at(-1).choices[0].finish_reason).toBe("length");
    expect(done).toBe(true);
    const [plain, streamed] = await Promise.all(waiting);
    expect(plain.json.choices[0].message.content).toBe("abc");
    expect(streamed).toMatchObject({ text: "ab", done: true });
    expect(await server.exit).toEqual({ code: 0, signal: null });
  });

  it("on a second SIGTERM exits at once", async () => {
    const server = await serve(models.endless[3]);
    const lost = collect(server.events(CHAT, ENDLESS)).catch(() => "cut");
    await server.until((metrics) => metrics.requests_processing === 1);
    server.child.kill("SIGTERM");
    await refusing(server);
    server.child.kill("SIGTERM");
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(await lost).toBe("cut");
  });

  it("says that it loads, until it has", async () => {
    const fifo = join(newDir(), "slow.bin");
    await execa("mkfifo", [fifo]);
    const server = await ChatglmServer.start(fifo, newDir());
    servers.push(server);
    const error = { code: 503, message: "Loading model", type: "unavailable_error" };
    for (const path of ["/health", "/v1/models"]) {
      expect(await server.ask(path)).toMatchObject({ status: 503, json: { error } });
    }
    expect(await server.post(CHAT, ENDLESS)).toMatchObject({ status: 503, json: { error } });
  });

  it("says in one line why it can't start, and exits 1", async () => {
    const other = await serve(models.alphabet[3]);
    const port = new URL(other.origin).port;
    const cases = [
      [["-m", "/nowhere.bin", "--port", "0"], /^error: cannot open \/nowhere\.bin: .+$/m],
      [["-m", import.meta.filename, "--port", "0"], /^error: broken model file .+$/m],
      [["-m", models.alphabet[3], "--port", port], /^error: couldn't bind 127\.0\.0\.1:\d+$/m],
      [["-m", models.alphabet[3], "--port", "0", "--host", "nowhere.invalid"], /^error: couldn't bind .+$/m],
      [["-m", models.alphabet[3], "--host", "/nowhere/at/all.sock"], /^error: couldn't bind .+$/m],
      [["-m", models.alphabet[3], "--port", "http"], /^error: invalid argument: --port .+$/m],
      [["-m", models.alphabet[3], "--port", "0", "-c", "1000000"], /^error: invalid argument: .+$/m],
      [["-m", models.alphabet[3], "--port", "0", "--api-key-file", "/nowhere"], /^error: cannot open \/nowhere: .+$/m],
      [["--no-such-flag"], /^error: invalid argument: --no-such-flag$/m],
      [["-m"], /^error: invalid argument: .+$/m],
    ] as const;
    for (const [args, says] of cases) {
      const server = await ChatglmServer.spawn(args);
      expect(await server.exit).toEqual({ code: 1, signal: null });
      expect(server.stderr).toMatch(says);
      expect(server.stderr.split("\n").filter((line) => line.startsWith("error"))).toHaveLength(1);
    }
  });
});

/** Looks until nobody is let in any more: the signal has been taken. */
async function refusing(server: ChatglmServer): Promise<void> {
  for (;;) {
    const status = await server.ask("/health", { headers: { connection: "close" } }).then(
      (reply) => reply.status,
      () => 0,
    );
    if (status !== 200) return;
  }
}
