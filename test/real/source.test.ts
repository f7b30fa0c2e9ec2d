import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { llamaPin } from "../../build-scripts/llama/pin.ts";
import { npm } from "../../build-scripts/source/npm.ts";
import { obtainSource } from "../../build-scripts/source/obtain.ts";

// The one test that needs a network: a registry, or npm's cache of it.
test("the pinned npm package carries upstream's tree", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "corral-source-"));
  try {
    const source = await obtainSource({ pin: llamaPin, into: join(scratch, "llama"), channels: [npm] });
    expect(source).toMatchObject({ channel: "npm", tree: llamaPin.tree, verified: true });
    expect((await stat(join(source.dir, "CMakeLists.txt"))).isFile()).toBe(true);
  } finally {
    await rm(scratch, { recursive: true });
  }
});
