import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CorralError } from "../src/errors.ts";
import { cpuFeatures } from "../src/machine/features.ts";
import { hasPrograms, listBuilds, placesIn, readBuild } from "./build-folder.ts";
import { cacheDir } from "./cache.ts";
import { climb } from "./climb.ts";
import { type BuildFacts, folderName, identityOf, normaliseDefines, servesAs } from "./identity.ts";
import { withLock } from "./lock.ts";
import type { Build, BuildOptions, Engine } from "./options.ts";
import type { Recipe } from "./recipe.ts";
import { recipes } from "./recipes.ts";
import { obtainSource } from "./source/obtain.ts";
import type { SourcePin } from "./source/pin.ts";
import type { Source } from "./source/source.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";

export { verifyBuild } from "./build-folder.ts";
export type { Manifest } from "./manifest.ts";
export { type Build, type BuildEvent, type BuildOptions, ENGINES, type Engine } from "./options.ts";

/**
 * A build of the engine that `options` names, for this very CPU that has proved itself: the one that is there, in milliseconds, else a new
 * one. Processes that ask at once build once. A build that was killed leaves nothing that a later one trips over.
 *
 * Throws CORRAL_BUILD_SKIPPED (mode "skip"), CORRAL_TOOL_MISSING, CORRAL_SOURCE_*, CORRAL_BUILD_FAILED,
 * CORRAL_BUILD_UNPROVEN (facts.failed: each set of flags with its log), CORRAL_BAD_OPTION, or the signal's reason.
 */
export async function ensureBuild<E extends Engine>(
  options: BuildOptions<E>,
  recipe: Recipe = recipes[options.engine],
): Promise<Build<E>> {
  const request = await requestOf(options, recipe);
  return answering(request, await provide(request)) as Build<E>;
}

async function provide(request: Request): Promise<Build> {
  const { options } = request;
  const ready = await find(request);
  if (ready !== null && !options.exact) return ready;
  if (options.mode === "skip") return ready ?? skipped(request);

  const toolchain = await findToolchain({ signal: options.signal }).catch((error: unknown) => {
    if (ready === null) throw error;
    return null;
  });
  if (toolchain === null && ready !== null) return ready;
  return toolchain === null ? skipped(request) : make(request, toolchain);
}

/** The build that ensureBuild would give without making one; null when there is none. Never builds, never downloads. */
export async function findBuild<E extends Engine>(
  options: BuildOptions<E>,
  recipe: Recipe = recipes[options.engine],
): Promise<Build<E> | null> {
  const request = await requestOf(options, recipe);
  const build = await find(request);
  return build && (answering(request, build) as Build<E>);
}

/** Says where the build differs from what was asked for. */
function answering({ options, facts }: Request, build: Build): Build {
  if (options.arithmetic !== "fast" || facts.options.arithmetic === "fast") return build;
  const notice = "fast arithmetic gives up nothing and gains nothing: this CPU has no half-precision sums";
  return { ...build, warnings: [...build.warnings, notice] };
}

/** What is asked for, with everything looked up that does not take a compiler. */
interface Request {
  readonly options: BuildOptions;
  readonly recipe: Recipe;
  readonly cache: string;
  readonly facts: Omit<BuildFacts, "compiler">;
  /** Where the caller gave a source tree; else it is obtained when it comes to building. */
  readonly source: Source | null;
}

async function requestOf(options: BuildOptions, recipe: Recipe): Promise<Request> {
  const { arithmetic = "safe", defines = [], cacheDir: cache = cacheDir(), source: folder } = options;
  const source = folder === undefined ? null : await sourceOf(options, recipe, cache);
  const [features, inputs] = await Promise.all([cpuFeatures(), recipe.inputs()]);
  const facts = {
    engine: recipe.pin.engine,
    tree: source?.tree ?? recipe.pin.tree,
    inputs,
    options: {
      arithmetic: recipe.ladder.arithmetic(arithmetic, process.arch, features),
      defines: normaliseDefines(defines, process.env),
      targets: Object.values(recipe.targets).sort(),
      ladder: recipe.ladder.version,
    },
    cpu: { arch: process.arch, features },
  };
  return { options, recipe, cache, facts, source };
}

function sourceOf({ source, unverified, ...how }: BuildOptions, { pin }: Recipe, cache: string): Promise<Source> {
  return obtainSource({ pin, folder: source, unverified, ...wayOf(pin, cache, how) });
}

/** Where a pinned source is kept, and who hears of it. */
function wayOf({ tree }: SourcePin, cache: string, { report, signal }: Pick<BuildOptions, "report" | "signal">) {
  return { into: join(placesIn(cache).sources, tree), report, signal };
}

/** Of several builds that would do, the one that the compiler here makes, else the newest. */
async function find({ cache, facts }: Request): Promise<Build | null> {
  const builds = (await listBuilds(cache)).filter(({ manifest }) => manifest.proof.passed && servesAs(manifest, facts));
  const whole: Build[] = [];
  for (const build of builds) if (await hasPrograms(build)) whole.push(build);
  if (whole.length < 2) return whole[0] ?? null;
  const toolchain = await findToolchain().catch(() => null);
  const identity = toolchain && identityOf({ ...facts, compiler: compilerFacts(toolchain) });
  return whole.find(({ manifest }) => manifest.identity === identity) ?? whole[0] ?? null;
}

async function make(request: Request, toolchain: Toolchain): Promise<Build> {
  const { options, recipe, cache, source: given } = request;
  const { report = () => undefined, signal } = options;
  const facts: BuildFacts = { ...request.facts, compiler: compilerFacts(toolchain) };
  const identity = identityOf(facts);
  const name = folderName(facts.engine, identity);
  const places = placesIn(cache);
  const dir = join(places.builds, name);

  return withLock(
    join(places.locks, `${name}.lock`),
    async () => {
      const made = await readBuild(dir);
      if (made?.manifest.proof.passed && (await hasPrograms(made))) return made;

      await sweep(places.builds, name);
      const began = performance.now();
      const temporary = join(places.builds, `${name}.${process.pid}`);
      const scratch = `${temporary}.prepared`;
      try {
        const source = given ?? (await sourceOf(options, recipe, cache));
        await mkdir(scratch);
        const obtain = (pin: SourcePin) => obtainSource({ pin, ...wayOf(pin, cache, options) });
        const prepared = await recipe.prepare({ source, scratch, obtain });
        const sourceSeconds = (performance.now() - began) / 1000;
        const made = { recipe, facts, identity, source, prepared, sourceSeconds, toolchain, options };
        await climb({ ...made, dir: temporary, places });
        await rename(temporary, dir);
      } finally {
        for (const left of [temporary, scratch]) await rm(left, { recursive: true, force: true, maxRetries: 5 });
      }
      const build = await readBuild(dir);
      if (build === null) throw new CorralError("CORRAL_INTERNAL", `${dir} has no manifest. Please report this.`);
      report({ kind: "done", dir, seconds: (performance.now() - began) / 1000 });
      return build;
    },
    {
      signal,
      onWait: ({ pid }) => report({ kind: "waiting", text: `process ${pid} is making the same build: waiting for it` }),
    },
  );
}

/** What killed builds have left, and what is in the way without being a build. Only under the lock. */
async function sweep(builds: string, name: string): Promise<void> {
  await mkdir(builds, { recursive: true });
  for (const entry of await readdir(builds)) {
    const ours = entry === name || entry.startsWith(`${name}.`);
    if (ours) await rm(join(builds, entry), { recursive: true, force: true, maxRetries: 5 });
  }
}

function compilerFacts({ c, cxx }: Toolchain): BuildFacts["compiler"] {
  return { version: `${c.fullVersion}; ${cxx.fullVersion}`, target: cxx.target };
}

function skipped({ recipe, cache }: Request): never {
  throw new CorralError(
    "CORRAL_BUILD_SKIPPED",
    `There is no build of ${recipe.pin.name} for this CPU in ${cache}, and making one was forbidden. Run \`corral build ${recipe.pin.engine}\`.`,
    { facts: { cache } },
  );
}
