import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nativeFolder, nativeHash, REPLACEMENTS } from "../../build-scripts/chatglm/native.ts";
import { type Replacement, readReplacements, replaceAll } from "../../build-scripts/chatglm/replacements.ts";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "corral-replacements-"));
});
afterEach(() => rm(tree, { recursive: true, force: true }));

const put = (name: string, text: string): Promise<void> => writeFile(join(tree, name), text);
const textOf = (name: string): Promise<string> => readFile(join(tree, name), "utf8");
const change = (file: string, before: string, after: string): Replacement => ({ file, reason: "", before, after });

describe("replacements", () => {
  it("are all made, two in one file too, and special patterns are plain text", async () => {
    await put("a.cpp", "one two three\n");
    await put("b.h", "x = $1;\n");
    const all = [change("a.cpp", "one", "1"), change("a.cpp", "three", "$& $1"), change("b.h", "x = $1;\n", "y\n")];
    expect(await replaceAll(tree, all)).toBe(true);
    expect([await textOf("a.cpp"), await textOf("b.h")]).toEqual(["1 two $& $1\n", "y\n"]);
  });

  it.each([
    ["is not there", change("b.h", "nothing", "y")],
    ["is there twice", change("b.h", "x", "y")],
    ["is in a file that is not there", change("c.h", "x", "y")],
  ])("are not made at all where one %s", async (_, wrong) => {
    await put("a.cpp", "one two\n");
    await put("b.h", "x x\n");
    expect(await replaceAll(tree, [change("a.cpp", "one", "1"), wrong])).toBe(false);
    expect([await textOf("a.cpp"), await textOf("b.h")]).toEqual(["one two\n", "x x\n"]);
  });

  it("are refused where the file of them is not what it should be", async () => {
    await put("r.json", JSON.stringify([{ file: "a.cpp", before: "", after: "x", reason: "" }]));
    await expect(readReplacements(join(tree, "r.json"))).rejects.toThrow();
    expect((await readReplacements(join(nativeFolder, REPLACEMENTS))).length).toBeGreaterThanOrEqual(3);
  });
});

describe("the hash of our sources", () => {
  it("changes with a name and with content, and not with tests or other files", async () => {
    await mkdir(join(tree, "src"));
    await mkdir(join(tree, "tests"));
    await put("CMakeLists.txt", "project(x)\n");
    await put("src/a.cpp", "int a;\n");
    const first = await nativeHash(tree);
    await put("tests/a_test.cpp", "");
    await put("notes.txt", "");
    expect(await nativeHash(tree)).toBe(first);
    await put("src/a.cpp", "int b;\n");
    const edited = await nativeHash(tree);
    await put("src/b.cpp", "");
    const added = await nativeHash(tree);
    expect(new Set([first, edited, added]).size).toBe(3);
  });
});
