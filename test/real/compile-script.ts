import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Compiles a TypeScript script and what it imports, for tests that need a process of their own: Node 20 runs no
 * TypeScript. Inside the package, so that dependencies are found.
 *
 * @param files others that it needs beside it, copied as they are
 * @returns the path of the JavaScript, and of the folder to remove afterwards
 */
export async function compileScript(
  script: string,
  files: readonly string[] = [],
): Promise<{ path: string; dir: string }> {
  const parent = join(ROOT, "node_modules", ".cache");
  mkdirSync(parent, { recursive: true });
  const dir = mkdtempSync(join(parent, "corral-test-"));
  const config = join(dir, "tsconfig.json");
  const compilerOptions = { outDir: join(dir, "out"), rootDir: ROOT, noCheck: true, declaration: false, types: [] };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions, files: [script], include: [] }),
  );
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
  await execa("tsc", ["-p", config], { preferLocal: true, localDir: ROOT });
  for (const file of files) cpSync(file, join(dir, "out", relative(ROOT, file)));
  return { path: join(dir, "out", relative(ROOT, script)).replace(/\.ts$/, ".js"), dir };
}
