import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { cpuFeatures } from "../src/machine/features.ts";
import type { Machine } from "../src/machine/machine.ts";
import { readMachine } from "../src/machine/read.ts";
import { placesIn, readBuild, verifyBuild } from "./build-folder.ts";
import { cacheDir } from "./cache.ts";
import type { Manifest } from "./manifest.ts";
import { ENGINES, type Engine } from "./options.ts";
import { recipes } from "./recipes.ts";
import { checkTools, PIP, type ToolCheck } from "./toolchain.ts";

/** What `corral doctor` finds. Plain data. */
export interface Examination {
  /** Nothing essential is missing: builds can be made, or one is there. */
  readonly healthy: boolean;
  /** What is wrong, each with what to do. */
  readonly problems: readonly string[];
  readonly tools: readonly ToolCheck[];
  readonly machine: Machine;
  /** Instruction sets that decide how fast, and how safely, engines run. */
  readonly notableFeatures: readonly { readonly name: string; readonly present: boolean; readonly meaning: string }[];
  readonly cacheDir: string;
  readonly builds: readonly ExaminedBuild[];
  /** Engines without a build that is ready. */
  readonly unbuilt: readonly Engine[];
}

type ExaminedBuild =
  | { readonly state: "ready"; readonly dir: string; readonly manifest: Manifest; readonly warnings: readonly string[] }
  /** Made on a CPU with other features: it is left alone and never run here. */
  | { readonly state: "other-cpu"; readonly dir: string; readonly manifest: Manifest }
  /** Of another version of corral, which pinned another source or other flags: not used by this one. */
  | { readonly state: "outdated"; readonly dir: string; readonly manifest: Manifest }
  /** Its programs are not the ones that were proven. */
  | {
      readonly state: "damaged";
      readonly dir: string;
      readonly manifest: Manifest;
      readonly damaged: readonly string[];
    }
  /** Without a manifest that can be read: made anew when it is asked for. */
  | { readonly state: "unfinished"; readonly dir: string };

const NOTABLE: readonly { name: string; arch: string; pattern: RegExp; meaning: string }[] = [
  { name: "avx2", arch: "x64", pattern: /^avx2$/, meaning: "the least for good speed" },
  { name: "avx512f", arch: "x64", pattern: /^avx512f$/, meaning: "faster prefill" },
  { name: "avx512_vnni", arch: "x64", pattern: /^avx512_vnni$|^avx_vnni$/, meaning: "faster with quantised weights" },
  { name: "avx512_bf16", arch: "x64", pattern: /^avx512_bf16$/, meaning: "faster with BF16 weights" },
  {
    name: "avx512_fp16",
    arch: "x64",
    pattern: /^avx512_fp16$/,
    meaning: "half-precision sums: off unless arithmetic is fast; where there are none, fast gives up nothing",
  },
  { name: "amx_int8", arch: "x64", pattern: /^amx_int8$/, meaning: "two to three times the prefill" },
  { name: "dotprod", arch: "arm64", pattern: /^asimddp$|FEAT_DotProd$/, meaning: "the least for good speed" },
  { name: "i8mm", arch: "arm64", pattern: /^i8mm$|FEAT_I8MM$/, meaning: "faster prefill" },
  { name: "sve", arch: "arm64", pattern: /^sve$/, meaning: "faster on servers" },
  {
    name: "fp16",
    arch: "arm64",
    pattern: /^asimdhp$|FEAT_FP16$/,
    meaning: "half-precision sums: off unless arithmetic is fast; where there are none, fast gives up nothing",
  },
];

/** Looks at tools, machine and builds, and starts nothing but `--version` of tools. Every program is hashed again. */
export async function examine({ cacheDir: cache = cacheDir() }: { cacheDir?: string } = {}): Promise<Examination> {
  const [tools, machine, features] = await Promise.all([checkTools(), readMachine(), cpuFeatures()]);
  const builds = await examineBuilds(cache, machine.arch, features);
  const problems = problemsOf(tools, builds);
  return {
    healthy: problems.every(({ essential }) => !essential),
    problems: problems.map(({ text }) => text),
    tools,
    machine,
    notableFeatures: NOTABLE.filter(({ arch }) => arch === machine.arch).map(({ name, pattern, meaning }) => ({
      name,
      present: features.some((feature) => pattern.test(feature)),
      meaning,
    })),
    cacheDir: cache,
    builds,
    unbuilt: ENGINES.filter((engine) => !isReady(builds, engine)),
  };
}

/**
 * A missing compiler is no harm where a build of the first engine is ready; pip is looked for only where the second has
 * none. Pure.
 */
export function problemsOf(
  tools: readonly ToolCheck[],
  builds: readonly BuildState[],
): readonly { readonly text: string; readonly essential: boolean }[] {
  const ready = isReady(builds, "llama");
  const pip = isReady(builds, "chatglm")
    ? undefined
    : tools.find(({ name, problem }) => name === PIP && problem !== null);
  return [
    ...tools
      .filter(({ essential, problem }) => essential && problem !== null)
      .map(({ name, problem }) => ({
        text: ready
          ? `${name}: ${problem}. Needed only to build again, or another engine.`
          : `${name}: ${problem}. Run \`corral build\` to see the command that installs what is missing.`,
        essential: !ready,
      })),
    ...(pip === undefined
      ? []
      : [{ text: `pip: ${pip.problem}. It fetches chatglm.cpp, which some ChatGLM files need.`, essential: false }]),
    ...builds
      .filter(({ state }) => state === "damaged")
      .map(({ dir }) => ({
        text: `${dir} is not as it was proven: remove that folder and run \`corral build\`.`,
        essential: !ready,
      })),
  ];
}

type BuildState = Pick<ExaminedBuild, "state" | "dir">;

function isReady(builds: readonly BuildState[], engine: Engine): boolean {
  return builds.some(({ state, dir }) => state === "ready" && basename(dir).startsWith(`${engine}-`));
}

async function examineBuilds(cache: string, arch: string, features: readonly string[]): Promise<ExaminedBuild[]> {
  const { builds } = placesIn(cache);
  const names = (await readdir(builds).catch(() => [])).filter((name) => !name.includes("."));
  return Promise.all(names.sort().map((name) => examineBuild(join(builds, name), arch, features)));
}

async function examineBuild(dir: string, arch: string, features: readonly string[]): Promise<ExaminedBuild> {
  const build = await readBuild(dir);
  if (build === null) return { state: "unfinished", dir };
  const { manifest, warnings } = build;
  const { damaged } = await verifyBuild(build);
  if (damaged.length > 0) return { state: "damaged", dir, manifest, damaged };
  if (!(await isCurrent(manifest))) return { state: "outdated", dir, manifest };
  const sameCpu = manifest.cpu.arch === arch && manifest.cpu.features.join() === [...features].sort().join();
  return sameCpu ? { state: "ready", dir, manifest, warnings } : { state: "other-cpu", dir, manifest };
}

/** Whether this corral would make the same of its own pins. */
async function isCurrent({ engine, inputs, source, options }: Manifest): Promise<boolean> {
  const name = ENGINES.find((each) => each === engine.name);
  if (name === undefined) return false;
  const { pin, ladder, inputs: read } = recipes[name];
  const wanted = await read();
  const same = Object.entries(wanted).every(([input, hash]) => inputs[input] === hash);
  return same && options.ladder === ladder.version && (!source.verified || engine.tree === pin.tree);
}
