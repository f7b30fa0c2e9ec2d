import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that is removed in the end. */
export function freshDirectory(defer: (undo: () => void) => void): string {
  const directory = mkdtempSync(join(tmpdir(), "corral-bench-"));
  defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
