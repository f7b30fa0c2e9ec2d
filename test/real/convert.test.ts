import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import getPort from "get-port";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../build-scripts/build.ts";
import type { WeightType } from "../../src/model/chatglm/layout.ts";
import { convertChatglm } from "../../src/model/convert/convert.ts";
import { ChatglmServer } from "../fixtures/chatglm-kit.ts";
import { CHATS, PROMPTS, TEXTS } from "../fixtures/chatglm-texts.ts";
import { writeSteadyChatglm } from "../fixtures/steady-chatglm.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

/** One file on chatglm-server, its conversion on llama-server, both with one thread. */
interface Pair {
  readonly chatglm: Server;
  readonly llama: Server;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
type Server = { post(path: string, body: unknown): Promise<any> };

/** Attention and products as chatglm.cpp computes them, so that only the order of sums is another. */
const SAME_ARITHMETIC = ["-fa", "off", "--no-repack"];

let dir: string;
let program: string;
beforeAll(async () => {
  dir = newDir();
  program = (await ensureBuild({ engine: "llama", mode: "require" })).programs["llama-server"];
});
afterAll(removeDirs);

const children: ChildProcess[] = [];
afterEach(async () => {
  const gone = children.splice(0).map((child) => new Promise((resolve) => child.once("close", resolve)));
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await Promise.all(gone);
});
const running: ChildProcess[] = [];

async function pair(type: 2 | 3 | 4, weights: WeightType): Promise<Pair> {
  const path = join(dir, `${type}-${weights}.bin`);
  const converted = join(dir, `${type}-${weights}.gguf`);
  await writeSteadyChatglm(path, type, weights);
  await convertChatglm(path, converted);
  const [chatglm, llama] = await Promise.all([startChatglm(path), startLlama(converted)]);
  return { chatglm, llama };
}

async function startChatglm(path: string): Promise<Server> {
  const server = await ChatglmServer.start(path, newDir());
  keep(server.child);
  await server.ready();
  return { post: async (route, body) => (await server.post(route, body)).json };
}

async function startLlama(path: string): Promise<Server> {
  const port = await getPort();
  const flags = ["-c", "2048", "-np", "1", "-t", "1", "-tb", "1", "--cache-ram", "0", "--no-ui", "--offline"];
  const child = spawn(program, ["-m", path, "--port", `${port}`, ...flags, ...SAME_ARITHMETIC], { stdio: "ignore" });
  keep(child);
  const origin = `http://127.0.0.1:${port}`;
  while ((await fetch(`${origin}/health`).catch(() => null))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`);
  }
  return {
    post: async (route, body) => (await fetch(origin + route, { method: "POST", body: JSON.stringify(body) })).json(),
  };
}

function keep(child: ChildProcess): void {
  children.push(child);
  running.push(child);
}

const tokens = async (server: Server, content: string): Promise<number[]> =>
  (await server.post("/tokenize", { content, parse_special: false })).tokens;

describe.each([2, 3, 4] as const)("a converted file of type %i", (type) => {
  it("makes the same tokens of texts and chats", async () => {
    const { chatglm, llama } = await pair(type, "F16");
    for (const text of TEXTS) {
      expect({ text, tokens: await tokens(llama, text) }).toEqual({ text, tokens: await tokens(chatglm, text) });
    }
    for (const messages of CHATS) {
      const ask = { messages, temperature: 0, max_tokens: 8 };
      const [one, other] = await Promise.all(
        [chatglm, llama].map((server) => server.post("/v1/chat/completions", ask)),
      );
      expect({ messages, ...essence(other) }).toEqual({ messages, ...essence(one) });
    }
  });

  it.each(type === 3 ? (["F32", "F16", "Q8_0", "Q4_0"] as const) : (["F16", "Q4_0"] as const))(
    "in %s says the same 64 tokens to 20 prompts",
    async (weights) => {
      const { chatglm, llama } = await pair(type, weights);
      const [gmask, sop] = (await chatglm.post("/tokenize", { content: "", add_special: true })).tokens;
      expect(PROMPTS).toHaveLength(20);
      let whole = 0;
      for (const prompt of PROMPTS) {
        // Special tokens have other names in a converted file, but the same ids.
        const ask = { prompt: [gmask, sop, prompt], temperature: 0, max_tokens: 64 };
        const [one, other] = await Promise.all([
          chatglm.post("/v1/completions", ask),
          llama.post("/v1/completions", { ...ask, logprobs: 2 }),
        ]);
        expect(one.usage.prompt_tokens).toBeGreaterThan(2);
        const certain = untilTie(other);
        if (certain === null) {
          whole += 1;
          expect({ prompt, ...essence(other) }).toEqual({ prompt, ...essence(one) });
        } else
          expect({ prompt, text: one.choices[0].text.slice(0, certain.length) }).toEqual({ prompt, text: certain });
      }
      // Most have no tie at all.
      expect(whole).toBeGreaterThan(10);
    },
  );
});

/**
 * Which of two tokens is the greater is a matter of rounding where they are as close as this, and CPUs sum in other
 * orders. Natural logarithms.
 */
const TIE = 1e-3;

/** What was said before the first tie; null where there is none. */
// biome-ignore lint/suspicious/noExplicitAny: as above
function untilTie({ choices: [choice] }: any): string | null {
  const steps: { bytes: number[]; top_logprobs: { logprob: number }[] }[] = choice.logprobs.content;
  const tie = steps.findIndex(({ top_logprobs: [first, second] }) => {
    return first !== undefined && second !== undefined && first.logprob - second.logprob < TIE;
  });
  if (tie < 0) return null;
  const bytes = Buffer.from(steps.slice(0, tie).flatMap((step) => step.bytes));
  return bytes.toString().replace(/\ufffd+$/, "");
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function essence({ choices: [choice], usage }: any): object {
  // A character of which max_tokens left a part is U+FFFD to the one and nothing to the other.
  const text = `${choice.text ?? choice.message.content}`.replace(/\ufffd+$/, "");
  return { text, finish: choice.finish_reason, prompt: usage.prompt_tokens, completion: usage.completion_tokens };
}
