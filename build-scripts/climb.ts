import { appendFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { CorralError } from "../src/errors.ts";
import { readMachine } from "../src/machine/read.ts";
import { type placesIn, sha256Of } from "./build-folder.ts";
import { compile, compilerFlags, freshFolder, LOG_FILE } from "./compile.ts";
import type { BuildFacts } from "./identity.ts";
import { jobsFor, proofThreads } from "./jobs.ts";
import type { Rung } from "./ladder.ts";
import { type Check, type Manifest, writeManifest } from "./manifest.ts";
import type { BuildOptions } from "./options.ts";
import type { Proof } from "./prove.ts";
import type { Prepared, Recipe } from "./recipe.ts";
import type { Source } from "./source/source.ts";
import type { Toolchain } from "./toolchain.ts";

export interface ClimbOptions {
  readonly recipe: Recipe;
  readonly facts: BuildFacts;
  readonly identity: string;
  readonly source: Source;
  readonly prepared: Prepared;
  /** It took so long to get there. */
  readonly sourceSeconds: number;
  readonly toolchain: Toolchain;
  readonly options: BuildOptions;
  /** Temporary; becomes the build. */
  readonly dir: string;
  readonly places: ReturnType<typeof placesIn>;
}

/**
 * Down the ladder until a set of flags proves itself: compile, prove, and what fails is kept aside with its log. In
 * the end `dir` holds the programs and, written last, the manifest.
 */
export async function climb(climbing: ClimbOptions): Promise<void> {
  const { recipe, facts, prepared, toolchain, options, dir, places } = climbing;
  const { arithmetic } = facts.options;
  const { report = () => undefined, signal } = options;
  const machine = await readMachine();
  const jobs = options.jobs ?? jobsFor(machine);
  const unknownFlags = await flagsUnknownTo(toolchain, recipe.ladder.newFlags);
  const rungs = recipe.ladder
    .rungs({ arch: facts.cpu.arch, features: facts.cpu.features, arithmetic, unknownFlags })
    .map((rung) => ({ ...rung, gaveUp: [...prepared.gaveUp, ...rung.gaveUp] }));
  const failed: Manifest["failedRungs"] = [];

  for (const rung of rungs) {
    const aside = join(places.failed, `${basename(dir).replace(/\..*$/, "")}-${rung.name}`);
    const failedLog = join(aside, LOG_FILE);
    await freshFolder(dir);
    let reason: string;
    try {
      const compileBegan = performance.now();
      const defines = [...prepared.defines, ...facts.options.defines];
      await compile({
        recipe,
        rung,
        source: prepared.folder,
        dir,
        defines,
        toolchain,
        jobs,
        failedLog,
        report,
        signal,
      });
      const proofBegan = performance.now();
      const proof = await recipe.prove({ dir, arithmetic, defines, threads: proofThreads(machine), report, signal });
      const proofEnded = performance.now();
      await appendFile(join(dir, LOG_FILE), proofLines(rung, proof));
      if (proof.passed) {
        const seconds = {
          source: climbing.sourceSeconds,
          compile: (proofBegan - compileBegan) / 1000,
          proof: (proofEnded - proofBegan) / 1000,
        };
        await writeManifest(dir, await describe(climbing, { rung, proof, failed, seconds, cpu: machine.cpuModel }));
        return;
      }
      reason = firstFailure(proof);
      await writeFile(join(dir, "proof.json"), `${JSON.stringify({ rung, proof }, null, 2)}\n`);
      await keepAside(dir, aside);
    } catch (error) {
      signal?.throwIfAborted();
      await keepAside(dir, aside);
      if (!(error instanceof CorralError) || error.facts.cause !== "instruction-set") throw error;
      reason = error.message;
    }
    failed.push({ name: rung.name, reason, log: failedLog });
    report({ kind: "warning", text: `the build "${rung.name}" (${rung.why}) cannot serve: ${reason}` });
  }
  throw unproven(recipe, failed);
}

interface Success {
  readonly rung: Rung;
  readonly proof: Proof;
  readonly failed: Manifest["failedRungs"];
  readonly seconds: Manifest["seconds"];
  readonly cpu: string;
}

async function describe(climbing: ClimbOptions, { rung, proof, failed, seconds, cpu }: Success): Promise<Manifest> {
  const { recipe, facts, identity, source, dir } = climbing;
  const { name, why, defines, gaveUp } = rung;
  return {
    format: 1,
    identity,
    engine: { name: facts.engine, version: recipe.pin.version, commit: recipe.pin.commit, tree: source.tree },
    inputs: { ...facts.inputs },
    source: { channel: source.channel, verified: source.verified, detail: source.detail },
    options: { ...facts.options, defines: [...facts.options.defines], targets: [...facts.options.targets] },
    rung: { name, why, flags: compilerFlags(rung), defines: [...defines], gaveUp: [...gaveUp] },
    failedRungs: failed,
    compiler: facts.compiler,
    cpu: { arch: facts.cpu.arch, model: cpu, features: [...facts.cpu.features] },
    programs: await describePrograms(dir, recipe),
    proof: { passed: proof.passed, checks: [...proof.checks] },
    bench: [...proof.bench],
    seconds,
    madeAt: new Date().toISOString(),
  };
}

async function describePrograms(dir: string, { targets, pin }: Recipe): Promise<Manifest["programs"]> {
  const entries = Object.values(targets).map(async (name) => {
    const path = join(dir, name);
    const [sha256, { size }, version] = await Promise.all([sha256Of(path), stat(path), versionOf(path, pin.version)]);
    return [name, { sha256, bytes: size, version }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** As the program prints it; the source's, where it prints none (llama-quantize, rpc-server). */
async function versionOf(program: string, sourceVersion: string): Promise<string> {
  const { stdout, stderr } = await execa(program, ["--version"], { reject: false, timeout: 10_000, stdin: "ignore" });
  return /version: *(.+)/.exec(`${stdout}\n${stderr}`)?.[1]?.trim() ?? sourceVersion;
}

/** Compilers end with an error at flags they do not know. */
async function flagsUnknownTo({ cxx }: Toolchain, flags: readonly string[]): Promise<string[]> {
  const knows = async (flag: string): Promise<boolean> => {
    const args = ["-Werror", flag, "-x", "c++", "-fsyntax-only", "/dev/null"];
    return !(await execa(cxx.path, args, { reject: false, stdin: "ignore" })).failed;
  };
  const unknown = await Promise.all(flags.map(async (flag) => ((await knows(flag)) ? null : flag)));
  return unknown.filter((flag) => flag !== null);
}

async function keepAside(dir: string, aside: string): Promise<void> {
  await rm(aside, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(join(aside, ".."), { recursive: true });
  await rename(dir, aside);
}

function proofLines(rung: Rung, { passed, checks, bench }: Proof): string {
  const lines = [
    `\n== proof of "${rung.name}": ${passed ? "passed" : "FAILED"}`,
    ...rung.gaveUp.map((what) => `does without ${what}`),
    ...checks.flatMap((check) => [
      checkLine(check),
      ...check.failures.map((failure) => `     ${JSON.stringify(failure)}`),
    ]),
    ...bench.map(
      ({ model, phase, threads, tokensPerSecond }) =>
        `${model}, ${phase}, ${threads} threads: ${tokensPerSecond.toFixed(1)} tokens/s`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function checkLine({ name, passed, demanded, seconds }: Check): string {
  return `${passed ? "  ok" : demanded ? "FAIL" : "fail (not demanded)"} ${name} (${seconds.toFixed(1)} s)`;
}

function firstFailure({ checks }: Proof): string {
  const check = checks.find(({ passed, demanded }) => demanded && !passed);
  const [first] = check?.failures ?? [];
  if (check === undefined || first === undefined) return "it failed its proof";
  return `${check.name}: ${first.case} should be ${JSON.stringify(first.expected)} and was ${JSON.stringify(first.got)}`;
}

function unproven({ pin }: Recipe, failed: Manifest["failedRungs"]): CorralError {
  const list = failed.map(({ name, reason, log }) => `\n- ${name}: ${reason} (log: ${log})`).join("");
  return new CorralError(
    "CORRAL_BUILD_UNPROVEN",
    `${pin.name} compiled and then computed wrong, with every set of flags:${list}\n` +
      "Try another compiler (CC and CXX name one), and report it with these logs.",
    { facts: { failed } },
  );
}
