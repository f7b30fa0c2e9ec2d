import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** One exact change of upstream's source. */
const replacement = z.object({ file: z.string(), reason: z.string(), before: z.string().min(1), after: z.string() });

export type Replacement = z.infer<typeof replacement>;

export async function readReplacements(path: string): Promise<readonly Replacement[]> {
  return z
    .array(replacement)
    .min(1)
    .parse(JSON.parse(await readFile(path, "utf8")));
}

/**
 * Makes all replacements in the tree, or none: each must be found exactly once. False, and an untouched tree, where
 * they do not all fit.
 */
export async function replaceAll(tree: string, replacements: readonly Replacement[]): Promise<boolean> {
  const texts = new Map<string, string>();
  for (const { file, before, after } of replacements) {
    const text = texts.get(file) ?? (await readFile(join(tree, file), "utf8").catch(() => ""));
    const [head, tail, ...more] = text.split(before);
    if (head === undefined || tail === undefined || more.length > 0) return false;
    texts.set(file, head + after + tail);
  }
  for (const [file, text] of texts) await writeFile(join(tree, file), text);
  return true;
}
