import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Manifest, readManifest } from "./manifest.ts";
import type { Build } from "./options.ts";

export const VOCABULARY_FILE = "vocab-qwen2.gguf";

/** Where things of the build lie in the cache. */
export function placesIn(cache: string) {
  return {
    builds: join(cache, "builds"),
    sources: join(cache, "sources"),
    failed: join(cache, "failed"),
    locks: join(cache, "locks"),
  };
}

/** All builds of a cache whose manifest parses, newest first. Temporary folders of builds under way are not among them. */
export async function listBuilds(cache: string): Promise<readonly Build[]> {
  const { builds } = placesIn(cache);
  const names = await readdir(builds).catch(() => []);
  const found = await Promise.all(
    names.filter((name) => !name.includes(".")).map((name) => readBuild(join(builds, name))),
  );
  return found
    .filter((build) => build !== null)
    .sort((a, b) => b.manifest.madeAt.localeCompare(a.manifest.madeAt) || a.dir.localeCompare(b.dir));
}

/** Null without a manifest. The programs may be gone or changed: see hasPrograms and verifyBuild. */
export async function readBuild(dir: string): Promise<Build | null> {
  const manifest = await readManifest(dir);
  return manifest === null ? null : buildAt(dir, manifest);
}

function buildAt(dir: string, manifest: Manifest): Build {
  const programs = Object.fromEntries(Object.keys(manifest.programs).map((name) => [name, join(dir, name)]));
  const vocabulary = manifest.engine.name === "llama" ? join(dir, VOCABULARY_FILE) : null;
  return { dir, programs, vocabulary, manifest, warnings: warningsOf(manifest) } as Build;
}

/** Pure. */
export function warningsOf({ rung, options, engine, source }: Manifest): readonly string[] {
  const kind = options.arithmetic === "fast" ? "fast arithmetic" : `build "${rung.name}"`;
  return [
    ...rung.gaveUp.map((what) => `${kind} does without ${what}`),
    ...(source.verified ? [] : [`${engine.name} was built from an unverified source: ${source.detail}`]),
  ];
}

/** Quick: every program of the manifest is there and as long as it was. */
export async function hasPrograms({ dir, manifest }: Build): Promise<boolean> {
  const sizes = await Promise.all(
    Object.entries(manifest.programs).map(async ([name, { bytes }]) => {
      const found = await stat(join(dir, name)).catch(() => null);
      return found?.isFile() === true && found.size === bytes;
    }),
  );
  return sizes.every(Boolean);
}

export interface Verification {
  readonly intact: boolean;
  /** Programs whose SHA-256 is not the manifest's, or that are gone. */
  readonly damaged: readonly string[];
}

/** Reads every program again: a tenth of a second. */
export async function verifyBuild({ dir, manifest }: Build): Promise<Verification> {
  const damaged: string[] = [];
  for (const [name, { sha256 }] of Object.entries(manifest.programs)) {
    const now = await sha256Of(join(dir, name)).catch(() => null);
    if (now !== sha256) damaged.push(name);
  }
  return { intact: damaged.length === 0, damaged };
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
