import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { self } from "../../build-scripts/process-identity.ts";
import { makeRunDir, removeRunDir } from "../../src/pool/run-dir.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "run-dir-test-"));
});
afterEach(() => rm(parent, { recursive: true }));

test("it is the user's own, and gone when removed", async () => {
  const dir = await makeRunDir({ XDG_RUNTIME_DIR: parent });
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  expect(dir.startsWith(parent)).toBe(true);
  await removeRunDir(dir);
  expect(existsSync(dir)).toBe(false);
});

test("what a killed process left behind is removed, what others use or own is not", async () => {
  const { pid } = spawnSync("true");
  const folders = { dead: { ...self, pid, started: "1" }, alive: self, elsewhere: { ...self, pid, space: "another" } };
  for (const [name, owner] of Object.entries(folders)) {
    await mkdir(join(parent, `corral-${name}`));
    await writeFile(join(parent, `corral-${name}`, "owner.json"), JSON.stringify(owner));
  }
  await mkdir(join(parent, "corral-nobodys"));
  const dir = await makeRunDir({ XDG_RUNTIME_DIR: parent });
  const there = Object.fromEntries(
    [...Object.keys(folders), "nobodys"].map((name) => [name, existsSync(join(parent, `corral-${name}`))]),
  );
  expect(there).toEqual({ dead: false, alive: true, elsewhere: true, nobodys: true });
  await removeRunDir(dir);
});
