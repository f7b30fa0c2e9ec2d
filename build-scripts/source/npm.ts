import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { extract } from "tar";
import { CorralError } from "../../src/errors.ts";
import type { Channel } from "./channel.ts";
import { git } from "./git.ts";
import type { SourcePin } from "./pin.ts";

export interface PackOptions {
  /** Program and arguments before "pack". Default npm. */
  command?: readonly string[];
  /** In ms: how long the registry may take to say its first word. Default 10 s. */
  firstWordLimit?: number;
}

/** A published package that carries the same tree as a git bundle, for networks that reach a registry and no more. */
export function npmPackage({ command = ["npm"], firstWordLimit = 10_000 }: PackOptions = {}): Channel {
  return {
    name: "npm",
    local: false,
    detail: (pin) => specOf(pin),
    async deliver({ pin, scratch, signal }) {
      const tarball = await pack(specOf(pin), scratch, { command, firstWordLimit, signal });
      await checkIntegrity(tarball, pin.npm.integrity);
      const bundle = `package/${pin.npm.bundle}`;
      await extract({ file: tarball, cwd: scratch, strict: true }, [bundle]);
      await rm(tarball);
      const dir = join(scratch, "tree");
      await git(["clone", "--quiet", "--template=", join(scratch, bundle), dir], { cwd: scratch, signal });
      await rm(join(dir, ".git"), { recursive: true });
      return dir;
    },
  };
}

export const npm: Channel = npmPackage();

function specOf({ npm: { package: name, version } }: SourcePin): string {
  return `${name}@${version}`;
}

/** npm does the download, because it knows the user's registry, its credentials and proxies, and has a cache. */
async function pack(
  spec: string,
  scratch: string,
  { command: [program = "npm", ...args], firstWordLimit, signal }: PackCall,
): Promise<string> {
  const into = join(scratch, "pack");
  await mkdir(into);
  const npmProcess = execa(program, [...args, "pack", spec, ...PACK_FLAGS], {
    cwd: into,
    stdin: "ignore",
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (!(await hasSpoken(npmProcess, firstWordLimit))) {
    npmProcess.kill("SIGKILL");
    throw unavailable(`the registry did not answer within ${firstWordLimit / 1000} s`);
  }
  const result = await npmProcess;
  signal?.throwIfAborted();
  if (result.code === "ENOENT") throw unavailable(`${program} is not installed`, result);
  if (result.failed) throw unavailable(firstError(result.stderr) ?? result.shortMessage ?? "npm failed", result);
  const [file] = await readdir(into);
  if (file === undefined) throw unavailable("npm pack left no file", result);
  return join(into, file);
}

interface PackCall {
  command: readonly string[];
  firstWordLimit: number;
  signal: AbortSignal | undefined;
}

/**
 * Corral may itself run inside `npm install -g` or with `--dry-run`, whose settings a child inherits. fetch-timeout is
 * for silence on an open connection, and for the whole of the package's description, so it is generous; for opening a
 * connection npm has no limit, hence the watch for its first word.
 */
const PACK_FLAGS = [
  ...["--global=false", "--dry-run=false", "--workspaces=false", "--ignore-scripts", "--prefer-offline"],
  ...["--fetch-retries=0", "--fetch-timeout=60000", "--loglevel=http", "--color=false", "--update-notifier=false"],
];

/** Resolves to true when npm reports its first answer from registry or cache, or ends; to false after `limit`. */
async function hasSpoken(npmProcess: PromiseLike<unknown> & { stderr: Readable }, limit: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const word = new Promise<true>((resolve) => {
    let said = "";
    npmProcess.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (/^npm http (fetch|cache)/m.test(said)) resolve(true);
    });
  });
  const silence = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limit);
  });
  try {
    return await Promise.race([word, npmProcess.then(() => true), silence]);
  } finally {
    clearTimeout(timer);
  }
}

async function checkIntegrity(tarball: string, integrity: string): Promise<void> {
  const [algorithm = "", wanted] = integrity.split(/-(.*)/s);
  const hash = createHash(algorithm);
  await pipeline(createReadStream(tarball), hash);
  const found = hash.digest("base64");
  if (found === wanted) return;
  throw unavailable(`the package is not the pinned one (its integrity is ${algorithm}-${found})`);
}

function firstError(stderr: string): string | null {
  const lines = [...stderr.matchAll(/^npm (?:error|ERR!) (?!code |errno |syscall )(.+)$/gm)];
  return lines[0]?.[1]?.trim() ?? null;
}

function unavailable(reason: string, cause?: unknown): CorralError {
  return new CorralError("CORRAL_SOURCE_UNAVAILABLE", reason, { cause });
}
