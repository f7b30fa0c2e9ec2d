import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { CorralError } from "../../src/errors.ts";
import { tiedToParent } from "../child.ts";
import { signalGroup } from "../process-group.ts";
import { which } from "../which.ts";

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
  const [name = "", ...before] = command;
  const program = which(name, process.env.PATH);
  if (program === null) throw unavailable(`${name} is not installed`);
  signal?.throwIfAborted();
  await mkdir(into);
  const [file, tiedArgs] = tiedToParent("KILL", program, [...before, ...args]);
  const child = execa(file, tiedArgs, {
    ...{ cwd: into, env, stdin: "ignore", all: true, reject: false },
    detached: true,
  });
  // Its group: a wrapper around npm or pip may have started the real one as a child of its own.
  const stop = (): void => signalGroup(child.pid, "SIGKILL");
  signal?.addEventListener("abort", stop);
  process.once("exit", stop);
  try {
    if (!(await hasSpoken(child, firstWord, firstWordLimit))) {
      throw unavailable(`the registry did not answer within ${firstWordLimit / 1000} s`);
    }
    const result = await child;
    signal?.throwIfAborted();
    if (result.failed) throw unavailable(reasonIn(result.all) ?? result.shortMessage ?? `${name} failed`, result);
    const [left] = await readdir(into);
    if (left === undefined) throw unavailable(`${name} left no file`, result);
    return join(into, left);
  } finally {
    signal?.removeEventListener("abort", stop);
    process.off("exit", stop);
    stop();
  }
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
