import { createWriteStream, type WriteStream } from "node:fs";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { execa } from "execa";
import { CorralError } from "../src/errors.ts";
import { tiedToParent } from "./child.ts";
import { type Diagnosis, diagnose } from "./diagnosis.ts";
import type { Rung } from "./ladder.ts";
import type { BuildEvent } from "./options.ts";
import { packageRoot } from "./package-root.ts";
import { signalGroup } from "./process-group.ts";
import { secondsLeft, stepsIn } from "./steps.ts";
import type { Toolchain } from "./toolchain.ts";
import { which } from "./which.ts";

/** How an engine's source is compiled. */
export interface CompileRecipe {
  /** CMake cache entries that hold for every rung, NAME=VALUE. */
  readonly defines: readonly string[];
  /** CMake target -> name of the program it becomes. */
  readonly targets: Readonly<Record<string, string>>;
  /** Where the programs lie in CMake's folder. */
  readonly binDir: string;
  /** Files of the source tree that stay with the build: path in the tree -> name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface CompileOptions {
  readonly recipe: CompileRecipe;
  readonly rung: Rung;
  /** What CMake configures; nothing is written there. */
  readonly source: string;
  /** Exists. Gets the programs, the files and `log`; the objects are gone in the end. */
  readonly dir: string;
  readonly defines: readonly string[];
  readonly toolchain: Toolchain;
  readonly jobs: number;
  /** Where the log will lie if this fails: for the message. */
  readonly failedLog: string;
  readonly report: (event: BuildEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export const LOG_FILE = "log";

/** Configures, compiles, and moves the programs out. Throws CORRAL_BUILD_FAILED (facts: cause, firstError, log). */
export async function compile(options: CompileOptions): Promise<void> {
  const { recipe, rung, source, dir, toolchain, jobs, failedLog, report, signal } = options;
  const objects = join(dir, "objects");
  const log = createWriteStream(join(dir, LOG_FILE), { flags: "a" });
  const run = (program: string, args: string[], onLine?: (line: string) => void): Promise<void> =>
    logged({ program, args, log, failedLog, env: childEnvironment(), onLine, signal });
  try {
    report({ kind: "stage", stage: "configure", text: `configuring: ${rung.why}` });
    await run(toolchain.cmake.path, configureArguments(options, objects));

    report({ kind: "stage", stage: "compile", text: `compiling with ${jobs} ${jobs === 1 ? "job" : "jobs"}` });
    const targets = Object.keys(recipe.targets);
    await run(toolchain.builder.path, ["-C", objects, "-j", `${jobs}`, ...targets], progress(report));

    for (const [target, name] of Object.entries(recipe.targets)) {
      const program = join(dir, name);
      await rename(join(objects, recipe.binDir, target), program);
      await strip(program, log);
    }
    for (const [path, name] of Object.entries(recipe.files)) await copyFile(join(source, path), join(dir, name));
  } finally {
    log.end();
    await finished(log).catch(() => undefined);
    await rm(objects, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Pure but for the place of this package. The rung's flags stand beside the caller's, never instead of them. */
function configureArguments({ recipe, rung, source, defines, toolchain }: CompileOptions, objects: string): string[] {
  const entries = new Map<string, string>();
  const put = (define: string): void => {
    const name = /^[^:=]+/.exec(define)?.[0] ?? define;
    entries.set(name, define);
  };
  [...recipe.defines, ...rung.defines, ...defines].forEach(put);
  const flags = compilerFlags(rung);
  for (const name of ["CMAKE_C_FLAGS", "CMAKE_CXX_FLAGS"]) {
    const given = entries.get(name)?.replace(/^[^=]*=/, "");
    // In front: of two flags that disagree the caller's comes last and wins.
    if (flags.length > 0) put(`${name}=${[...flags, given].filter(Boolean).join(" ")}`);
  }
  return [
    ...["-S", source, "-B", objects, "-G", toolchain.generator],
    `-DCMAKE_MAKE_PROGRAM=${toolchain.builder.path}`,
    `-DCMAKE_C_COMPILER=${toolchain.c.path}`,
    `-DCMAKE_CXX_COMPILER=${toolchain.cxx.path}`,
    ...[...entries.values()].map((define) => `-D${define}`),
  ];
}

/** As they go on the compiler's command line. */
export function compilerFlags(rung: Rung): string[] {
  return [...rung.headers.map((header) => `-include "${join(packageRoot, "build-scripts", header)}"`), ...rung.flags];
}

/**
 * SOURCE_DATE_EPOCH turns GGML_NATIVE off. CFLAGS and their kin are already among the defines (identity.ts), and the
 * rest may not change what is built behind the identity's back.
 */
function childEnvironment(): Record<string, string | undefined> {
  const dropped = ["SOURCE_DATE_EPOCH", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS", "MFLAGS"];
  const kept = Object.entries(process.env).filter(([name]) => !dropped.includes(name) && !name.startsWith("CMAKE_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C", NINJA_STATUS: "[%f/%t] ", CLICOLOR_FORCE: "0" };
}

function progress(report: CompileOptions["report"]): (line: string) => void {
  const began = performance.now();
  return (line) => {
    const steps = stepsIn(line);
    if (steps === null) return;
    const left = secondsLeft(steps, (performance.now() - began) / 1000);
    report({ kind: "progress", stage: "compile", ...steps, secondsLeft: left });
  };
}

interface Logged {
  readonly program: string;
  readonly args: string[];
  readonly log: WriteStream;
  readonly failedLog: string;
  readonly env: Record<string, string | undefined>;
  readonly onLine: ((line: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Enough of the output to find the first error in: compilers print megabytes of notes behind it. */
const KEPT_LINES = 20_000;

/** Milliseconds that a tool has to end its compilers before it is killed. */
const KILL_DELAY = 5_000;

/** Runs one tool in a process group of its own: when it is cancelled, compilers and all end before this returns. */
async function logged({ program, args, log, failedLog, env, onLine, signal }: Logged): Promise<void> {
  signal?.throwIfAborted();
  log.write(`$ ${[program, ...args].join(" ")}\n`);
  const [file, tiedArgs] = tiedToParent("TERM", program, args);
  const child = execa(file, tiedArgs, {
    ...{ env, extendEnv: false, stdin: "ignore", all: true, buffer: false, reject: false },
    detached: true,
  });
  let killing: NodeJS.Timeout | undefined;
  // TERM first: Ninja gives each compiler a group of its own, and only Ninja can end them.
  const stop = (): void => {
    signalGroup(child.pid, "SIGTERM");
    killing ??= setTimeout(() => signalGroup(child.pid, "SIGKILL"), KILL_DELAY);
  };
  signal?.addEventListener("abort", stop);
  process.once("exit", stop);
  const lines: string[] = [];
  try {
    for await (const line of createInterface({ input: child.all })) {
      log.write(`${line}\n`);
      if (lines.length < KEPT_LINES) lines.push(line);
      onLine?.(line);
    }
    const { failed, exitCode, signal: killedBy } = await child;
    signal?.throwIfAborted();
    if (failed) throw buildFailed(diagnose(lines.join("\n")), failedLog, { program, exitCode, signal: killedBy });
  } finally {
    signal?.removeEventListener("abort", stop);
    process.off("exit", stop);
    clearTimeout(killing);
    signalGroup(child.pid, "SIGKILL");
  }
}

function buildFailed(diagnosis: Diagnosis, log: string, facts: Record<string, unknown>): CorralError {
  const { cause, firstError, remedy } = diagnosis;
  return new CorralError("CORRAL_BUILD_FAILED", `The engine did not compile: ${firstError} (log: ${log}). ${remedy}`, {
    facts: { ...facts, cause, firstError, log },
  });
}

/** Symbols are two thirds of the size. A machine without strip keeps them. */
async function strip(program: string, log: WriteStream): Promise<void> {
  const path = which("strip", process.env.PATH);
  if (path === null) return;
  const { failed, stderr } = await execa(path, [program], { reject: false });
  if (failed) log.write(`strip ${program}: ${stderr}\n`);
}

/** Makes an empty folder of this name, whatever was there before. */
export async function freshFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(path, { recursive: true });
}
