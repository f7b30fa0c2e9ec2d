import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { CorralError } from "../src/errors.ts";
import {
  COMPILER_MINIMUM,
  type Compiler,
  cCandidates,
  cxxCandidates,
  describeCompiler,
  isOlder,
  type Program,
  versionIn,
} from "./compiler.ts";
import { installHint, type System, systemOf, type ToolName } from "./install-hint.ts";
import { findPip } from "./pip.ts";
import { which } from "./which.ts";

/** All that a build needs, found and new enough. */
export interface Toolchain {
  readonly c: Compiler;
  readonly cxx: Compiler;
  readonly cmake: Program;
  /** As CMake's -G wants it. */
  readonly generator: "Ninja" | "Unix Makefiles";
  /** The program behind the generator, for CMAKE_MAKE_PROGRAM: ninja or make. */
  readonly builder: Program;
  readonly git: Program;
}

/** One line of `corral doctor`. */
export interface ToolCheck {
  readonly name: string;
  /** True: no build without it. */
  readonly essential: boolean;
  readonly found: Program | null;
  /** What is wrong with it; null when all is well. */
  readonly problem: string | null;
}

export interface ToolchainOptions {
  /** PATH, CC and CXX are read. Default process.env. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where etc/os-release and usr/include lie. Default "/". */
  root?: string | undefined;
  /** Default process.platform. */
  platform?: NodeJS.Platform | undefined;
  signal?: AbortSignal | undefined;
}

/** llama.cpp's own cmake_minimum_required. */
const CMAKE_MINIMUM = "3.14";

/** What pip is called among the checks. */
export const PIP = "pip";

/** Throws CORRAL_TOOL_MISSING (facts.missing: names) with the one command that installs all that is missing. */
export async function findToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  const { c, cxx, cmake, ninja, make, git, headers, system } = await survey(options);
  const missing = [
    c,
    cxx,
    cmake,
    ninja.program === null ? { ...make, name: "Ninja or Make" } : ninja,
    git,
    headers,
  ].filter(isWanting);
  const builder = ninja.program ?? make.program;
  if (missing.length > 0 || !c.program || !cxx.program || !cmake.program || !builder || !git.program) {
    throw toolMissing(missing, system);
  }
  return {
    c: c.program,
    cxx: cxx.program,
    cmake: cmake.program,
    generator: ninja.program === null ? "Unix Makefiles" : "Ninja",
    builder,
    git: git.program,
  };
}

/** The same survey as data. Ninja and Make are essential only together: one of them is enough. */
export async function checkTools(options: ToolchainOptions = {}): Promise<readonly ToolCheck[]> {
  const [{ c, cxx, cmake, ninja, make, git, headers }, pip] = await Promise.all([survey(options), lookForPip(options)]);
  const eitherBuilder = ninja.program !== null || make.program !== null;
  return [
    toCheck(c, true),
    toCheck(cxx, true),
    toCheck(cmake, true),
    toCheck(ninja, !eitherBuilder),
    toCheck(make, false),
    toCheck(git, true),
    toCheck(pip, false),
    ...(isWanting(headers) ? [toCheck(headers, true)] : []),
  ];
}

/** What was seen of one tool. Without a problem and without a program it is not needed here. */
interface Sight<P extends Program = Program> {
  readonly name: string;
  /** What to install for it. */
  readonly tool: ToolName;
  readonly program: P | null;
  readonly problem: string | null;
}

async function survey({ env = process.env, root = "/", platform = process.platform, signal }: ToolchainOptions) {
  const look: Look = { path: env.PATH, run: runner(env, signal) };
  const system = systemOf(root, platform);
  const lookForCompiler = (
    name: string,
    tool: "c" | "c++",
    candidates: readonly string[],
    absent: string | undefined,
  ) => lookFor({ name, tool, candidates, absent }, look, inspectCompiler, ({ kind }) => COMPILER_MINIMUM[kind]);
  const lookForProgram = (name: string, tool: ToolName, candidates: readonly string[], minimum = "0") =>
    lookFor({ name, tool, candidates }, look, inspectProgram, () => minimum);

  const cxx = await lookForCompiler(
    "C++ compiler",
    "c++",
    cxxCandidates(env.CXX),
    env.CXX && `CXX=${env.CXX} not found`,
  );
  const [c, cmake, ninja, make, git] = await Promise.all([
    lookForCompiler("C compiler", "c", cCandidates(env.CC, cxx.program?.path), env.CC && `CC=${env.CC} not found`),
    lookForProgram("CMake", "cmake", ["cmake"], CMAKE_MINIMUM),
    // Fedora's older name, and the compatible program that Alpine prefers: CMake looks for the same three.
    lookForProgram("Ninja", "ninja", ["ninja", "ninja-build", "samu"]),
    lookForProgram("Make", "ninja", ["gmake", "make"]),
    lookForProgram("git", "git", ["git"]),
  ]);
  return { c, cxx, cmake, ninja, make, git, headers: lookForHeaders(system, root), system };
}

interface Look {
  path: string | undefined;
  run: (program: string, args: string[]) => Promise<string | null>;
}

async function lookFor<P extends Program>(
  what: { name: string; tool: ToolName; candidates: readonly string[]; absent?: string | undefined },
  look: Look,
  inspect: (path: string, look: Look) => Promise<P | null>,
  minimumOf: (program: P) => string = () => "0",
): Promise<Sight<P>> {
  const { name, tool, candidates } = what;
  let problem = what.absent ?? "not found";
  for (const candidate of candidates) {
    const path = which(candidate, look.path);
    if (path === null) continue;
    const program = await inspect(path, look);
    if (program === null) problem = `${path} does not run`;
    else if (isOlder(program.version, minimumOf(program))) {
      problem = `${path} is ${program.version}, ${minimumOf(program)} or newer is needed`;
    } else return { name, tool, program, problem: null };
  }
  return { name, tool, program: null, problem };
}

async function inspectProgram(path: string, { run }: Look): Promise<Program | null> {
  const version = versionIn((await run(path, ["--version"])) ?? "");
  return version === null ? null : { path, version };
}

async function inspectCompiler(path: string, { run }: Look): Promise<Compiler | null> {
  const [said, target] = await Promise.all([run(path, ["--version"]), run(path, ["-dumpmachine"])]);
  return describeCompiler(path, said ?? "", target ?? "");
}

/** No part of the survey: of all that builds need, it is the slowest to ask, and only one channel calls it. */
async function lookForPip({ env = process.env, signal }: ToolchainOptions): Promise<Sight> {
  const program = await findPip(env.PATH, runner(env, signal));
  return { name: PIP, tool: "pip", program, problem: program === null ? "not found" : null };
}

/** musl's headers do not bring the kernel's, which ggml includes. */
function lookForHeaders(system: System | null, root: string): Sight {
  const missing = system === "alpine" && !existsSync(join(root, "usr/include/linux/limits.h"));
  return {
    name: "Linux headers",
    tool: "linux-headers",
    program: null,
    problem: missing ? "/usr/include/linux is not there" : null,
  };
}

function runner(env: Readonly<Record<string, string | undefined>>, signal: AbortSignal | undefined): Look["run"] {
  return async (program, args) => {
    const result = await execa(program, args, {
      env: { ...env, LC_ALL: "C" },
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      timeout: 10_000,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    signal?.throwIfAborted();
    return result.failed ? null : result.stdout;
  };
}

function isWanting({ program, problem }: Sight): boolean {
  return program === null && problem !== null;
}

function toCheck({ name, program, problem }: Sight, essential: boolean): ToolCheck {
  return { name, essential, found: program, problem };
}

function toolMissing(missing: readonly Sight[], system: System | null): CorralError {
  const list = missing.map(({ name, problem }) => `${name} (${problem})`).join(", ");
  const hint = installHint(
    missing.map(({ tool }) => tool),
    system,
  );
  return new CorralError("CORRAL_TOOL_MISSING", `Building needs what is not here: ${list}.\n${hint}`, {
    facts: { missing: missing.map(({ name }) => name) },
  });
}
