import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

export const MANIFEST_FILE = "manifest.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const seconds = z.number().nonnegative();
const arithmetic = z.enum(["safe", "fast"]);

/** One thing a build had to do right. */
const check = z.object({
  name: z.string(),
  passed: z.boolean(),
  /** False where a failure was only recorded: the loud echo on a build with fast arithmetic. */
  demanded: z.boolean(),
  seconds,
  /** What went wrong, first failures first; texts are shortened. */
  failures: z.array(z.object({ case: z.string(), expected: z.string(), got: z.string() })),
});

/** Tokens a second of a random model, made with llama-bench. */
const figure = z.object({
  model: z.string(),
  /** "prefill" or "decode". */
  phase: z.enum(["prefill", "decode"]),
  threads: z.number().int().positive(),
  tokens: z.number().int().positive(),
  tokensPerSecond: z.number().positive(),
});

/**
 * What a build is, written last and at once: a folder without it, or with one that does not parse, is not a build.
 * Everything the identity was computed from is in it, so that a build can also be found where no compiler is.
 */
const manifestSchema = z.object({
  format: z.literal(1),
  identity: sha256,
  engine: z.object({ name: z.string(), version: z.string(), commit: z.string().nullable(), tree: z.string() }),
  /** What else went into it: name -> hash. */
  inputs: z.record(z.string(), z.string()).default({}),
  source: z.object({ channel: z.string(), verified: z.boolean(), detail: z.string() }),
  options: z.object({
    arithmetic,
    defines: z.array(z.string()),
    targets: z.array(z.string()),
    ladder: z.number().int(),
  }),
  /** The set of flags that was proven: see ladder.ts. */
  rung: z.object({
    name: z.string(),
    why: z.string(),
    flags: z.array(z.string()),
    defines: z.array(z.string()),
    gaveUp: z.array(z.string()),
  }),
  /** Safer sets of flags are tried only after these had failed. */
  failedRungs: z.array(z.object({ name: z.string(), reason: z.string(), log: z.string() })),
  compiler: z.object({ version: z.string(), target: z.string() }),
  cpu: z.object({ arch: z.string(), model: z.string(), features: z.array(z.string()) }),
  programs: z.record(z.string(), z.object({ sha256, version: z.string(), bytes: z.number().int().positive() })),
  proof: z.object({ passed: z.boolean(), checks: z.array(check) }),
  bench: z.array(figure),
  seconds: z.object({ source: seconds, compile: seconds, proof: seconds }),
  madeAt: z.iso.datetime(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Arithmetic = z.infer<typeof arithmetic>;
export type Check = z.infer<typeof check>;
export type BenchFigure = z.infer<typeof figure>;

/** Null where there is none, or it is damaged, or another version of corral wrote it: then nothing is built there. */
export async function readManifest(dir: string): Promise<Manifest | null> {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(await readFile(join(dir, MANIFEST_FILE), "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Atomic: a reader sees all of it or nothing. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const path = join(dir, MANIFEST_FILE);
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`);
  await rename(temporary, path);
}
