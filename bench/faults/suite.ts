import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findBuild } from "../../build-scripts/build.ts";
import { cacheDir } from "../../build-scripts/cache.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { ensureEchoModel } from "../../src/model/store.ts";
import type { Question } from "../kit/client.ts";
import type { Expected } from "./judge.ts";
import type { Texts } from "./texts.ts";

/** A question whose answer is known. */
interface Exercise extends Question {
  readonly expected: Expected;
}

/** All that differs between the engines: how a worker starts, and what it is asked. */
export interface Suite {
  readonly engine: "llama" | "chatglm";
  readonly model: string;
  /** Requests that a worker takes at once. */
  readonly slots: number;
  /** Tokens that one request may use. */
  readonly context: number;
  /** A worker that is no child of corral's. */
  command(start: { readonly port: number; readonly keyFile: string }): { program: string; args: string[] };
  exercise(texts: Texts, streamed: boolean): Exercise;
  /** One that goes on for some ten seconds. */
  endless(streamed: boolean): Question;
}

export const WORKERS = 2;

/** Of all workers. */
export const slotsOf = ({ slots }: Suite): number => WORKERS * slots;

const PATH = "/v1/chat/completions";

export type EngineName = Suite["engine"];

export function suiteOf(engine: EngineName): Promise<Suite> {
  return engine === "llama" ? llamaSuite() : chatglmSuite();
}

/** llama-server with the model that repeats what it is told: each answer has a text of its own. */
async function llamaSuite(): Promise<Suite> {
  const program = (await build("llama")).programs["llama-server"];
  const model = await ensureEchoModel(cacheDir());
  const [slots, context] = [4, 2048];
  return {
    engine: "llama",
    model,
    slots,
    context,
    command: ({ port, keyFile }) => ({
      program,
      args: [
        ["-m", model, "--port", port, "--api-key-file", keyFile],
        ["-t", 1, "-tb", 1, "-np", slots, "-c", slots * context, "-b", 128, "-ub", 128],
        ["--metrics", "--offline", "--no-ui", "--threads-http", 64],
      ]
        .flat()
        .map(String),
    }),
    exercise: (texts, streamed) => {
      const text = texts.next(60 + texts.below(40));
      return exercise({ content: text }, streamed, { text, finish: "stop", tokens: text.length + 1 });
    },
    endless: (streamed) => question({ content: "on and on", ignore_eos: true, max_tokens: context - 60 }, streamed),
  };
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

/** chatglm-server with a model that says the alphabet again and again: where an answer ends is for the request to say. */
async function chatglmSuite(): Promise<Suite> {
  const program = (await build("chatglm")).programs["chatglm-server"];
  const directory = join(cacheDir(), "models");
  mkdirSync(directory, { recursive: true });
  const model = join(directory, "endless-alphabet-chatglm3.bin");
  const context = 65_536;
  await writeScriptedChatglm(model, { type: 3, script: "endless", maxLength: context });
  return {
    engine: "chatglm",
    model,
    slots: 1,
    context,
    command: ({ port, keyFile }) => ({
      program,
      args: [
        "-m",
        model,
        "--port",
        port,
        "--api-key-file",
        keyFile,
        "-t",
        1,
        "-c",
        context,
        "--queue",
        64,
        "--metrics",
      ].map(String),
    }),
    exercise: (texts, streamed) => {
      const tokens = 600 + texts.below(400);
      const text = ALPHABET.repeat(Math.ceil(tokens / ALPHABET.length)).slice(0, tokens);
      return exercise({ content: texts.next(20), max_tokens: tokens }, streamed, { text, finish: "length", tokens });
    },
    endless: (streamed) => question({ content: "on and on", max_tokens: context - 60 }, streamed),
  };
}

async function build<E extends EngineName>(engine: E) {
  const found = await findBuild({ engine });
  if (found === null) throw new Error(`There is no build of the engine ${engine}: corral build ${engine} makes one.`);
  return found;
}

interface Words {
  readonly content: string;
  readonly max_tokens?: number;
  readonly ignore_eos?: boolean;
}

function exercise(words: Words, streamed: boolean, expected: Expected): Exercise {
  return { ...question(words, streamed), expected };
}

function question({ content, ...more }: Words, streamed: boolean): Question {
  const usage = streamed ? { stream: true, stream_options: { include_usage: true } } : {};
  const body = { messages: [{ role: "user", content }], temperature: 0, ...more, ...usage };
  return { path: PATH, body: Buffer.from(JSON.stringify(body)), streamed };
}
