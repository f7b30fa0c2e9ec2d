import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { CorralError } from "../../src/errors.ts";

/** A package manager that downloads one package: it knows the user's registry, credentials and proxies, and has a cache. */
export interface Fetcher {
  /** Program, and what stands before the arguments. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** In its output: the registry, or the cache, has answered. */
  readonly firstWord: RegExp;
  /** In ms, up to the first word. Package managers have no limit, or many in a row, for opening a connection. */
  readonly firstWordLimit: number;
  /** The reason in its output when it fails; null when there is none. */
  readonly reasonIn: (output: string) => string | null;
  readonly signal: AbortSignal | undefined;
}

/** Runs it in a new folder `into`, and resolves to the one file that it leaves there. Throws CORRAL_SOURCE_UNAVAILABLE. */
export async function fetchPackage(fetcher: Fetcher, into: string): Promise<string> {
  const { command, args, env = {}, firstWord, firstWordLimit, reasonIn, signal } = fetcher;
  const [program = "", ...before] = command;
  await mkdir(into);
  const child = execa(program, [...before, ...args], {
    cwd: into,
    env,
    stdin: "ignore",
    all: true,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (!(await hasSpoken(child, firstWord, firstWordLimit))) {
    child.kill("SIGKILL");
    throw unavailable(`the registry did not answer within ${firstWordLimit / 1000} s`);
  }
  const result = await child;
  signal?.throwIfAborted();
  if (result.code === "ENOENT") throw unavailable(`${program} is not installed`, result);
  if (result.failed) throw unavailable(reasonIn(result.all) ?? result.shortMessage ?? `${program} failed`, result);
  const [file] = await readdir(into);
  if (file === undefined) throw unavailable(`${program} left no file`, result);
  return join(into, file);
}

/** Resolves to true when `word` stands in the output, or the process ends; to false after `limit` ms. */
async function hasSpoken(child: PromiseLike<unknown> & { all: Readable }, word: RegExp, limit: number) {
  let timer: NodeJS.Timeout | undefined;
  const spoken = new Promise<boolean>((resolve) => {
    let said = "";
    child.all.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (word.test(said)) resolve(true);
    });
  });
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limit);
  });
  try {
    return await Promise.race([spoken, child.then(() => true), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws CORRAL_SOURCE_UNAVAILABLE where the file's hash is another one. */
export async function checkHash(
  file: string,
  algorithm: string,
  encoding: "hex" | "base64",
  wanted: string,
): Promise<void> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  const found = hash.digest(encoding);
  if (found !== wanted) throw unavailable(`the package is not the pinned one (its ${algorithm} is ${found})`);
}

export function unavailable(reason: string, cause?: unknown): CorralError {
  return new CorralError("CORRAL_SOURCE_UNAVAILABLE", reason, { cause });
}
