import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Pool } from "undici";
import { z } from "zod";
import { tiedToParent } from "../child.ts";
import type { Message } from "./texts.ts";

/** Milliseconds. A start of so small a model takes well under a second on an idle machine. */
const START_LIMIT = 60_000;
/** Milliseconds for one answer; under a second is usual, a machine at the limit of its load may take many. */
const ANSWER_LIMIT = 120_000;

/** The fields of an answer that are used. */
const completion = z.object({
  choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]),
  usage: z.object({ prompt_tokens_details: z.object({ cached_tokens: z.number() }).optional() }),
});

export interface ServerOptions {
  /** A server that answers as llama-server does, and takes --host. */
  readonly program: string;
  /** All but --host. */
  readonly args: readonly string[];
  /** Requests at once. */
  readonly clients: number;
  /** A short path: the socket lies here (a Unix socket's path has 104 bytes on macOS). Its output goes there too. */
  readonly dir: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Server {
  /** At temperature 0. */
  ask(messages: readonly Message[], maxTokens: number): Promise<Answer>;
}

export interface Answer {
  readonly text: string;
  /** Tokens of the prompt that were not read again. */
  readonly cachedTokens: number;
}

/** Starts a server on a Unix socket, hands it to `use`, and ends it whatever happens. */
export async function withServer<T>(options: ServerOptions, use: (server: Server) => Promise<T>): Promise<T> {
  const { program, clients, dir, signal } = options;
  const socketPath = join(dir, `${process.pid}-${++starts}.sock`);
  const outputPath = `${socketPath}.log`;
  const [file, args] = tiedToParent("KILL", program, ["--host", socketPath, ...options.args]);
  const output = { file: outputPath };
  // Threads that spin at barriers starve each other on a busy machine: here an answer counts, and not its speed.
  const env = { OMP_WAIT_POLICY: "passive" };
  const child = execa(file, args, {
    ...{ env, stdin: "ignore", stdout: output, stderr: output, reject: false, buffer: false },
  });
  const ended = new AbortController();
  const exit = child.then(async ({ exitCode, signal: killedBy, cause }) => {
    const how = killedBy ?? (exitCode === undefined ? String(cause) : `exit code ${exitCode}`);
    const error = new Error(`${basename(program)} ended (${how}): ${await lastLines(outputPath)}`);
    ended.abort(error);
    return error;
  });
  const pool = new Pool("http://worker", { socketPath, connections: 2 * clients });
  const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  try {
    await untilReady(pool, stop);
    return await use({ ask: (messages, maxTokens) => ask(pool, messages, maxTokens, stop) });
  } finally {
    child.kill("SIGKILL");
    await exit;
    await pool.destroy();
  }
}

let starts = 0;

async function untilReady(pool: Pool, stop: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([stop, AbortSignal.timeout(START_LIMIT)]);
  for (;;) {
    limit.throwIfAborted();
    const status = await pool.request({ method: "GET", path: "/health", signal: limit }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => 0,
    );
    if (status === 200) return;
    await sleep(20, undefined, { signal: limit }).catch(() => undefined);
  }
}

async function ask(pool: Pool, messages: readonly Message[], maxTokens: number, stop: AbortSignal): Promise<Answer> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_LIMIT)]);
  try {
    const { statusCode, body } = await pool.request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages, temperature: 0, max_tokens: maxTokens }),
      signal,
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}: ${text.slice(0, 300)}`);
    const { choices, usage } = completion.parse(JSON.parse(text));
    return { text: choices[0].message.content, cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0 };
  } catch (error) {
    // A reset connection is the symptom; that the process ended, and how, is the cause. It is known a moment later.
    await sleep(200, undefined, { signal: stop }).catch(() => undefined);
    stop.throwIfAborted();
    throw error;
  }
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-8).join(" | ") || "no output";
}
