import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { ensureBuild, verifyBuild } from "../../build-scripts/build.ts";
import { nativeFolder, REPLACEMENTS } from "../../build-scripts/chatglm/native.ts";
import { proveChatglm } from "../../build-scripts/chatglm/prove.ts";
import { chatglmRecipe } from "../../build-scripts/chatglm/recipe.ts";
import { readReplacements } from "../../build-scripts/chatglm/replacements.ts";
import type { ProveOptions } from "../../build-scripts/prove.ts";
import type { Source } from "../../build-scripts/source/source.ts";

const scratch = await mkdtemp(join(tmpdir(), "corral-chatglm-"));
afterAll(() => rm(scratch, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

const BUILD_LIMIT = 30 * 60_000;
const wrongServer = fileURLToPath(new URL("../fixtures/wrong-server.mjs", import.meta.url));

function proofOf(dir: string, more: Partial<ProveOptions> = {}) {
  const defines = ["CHATGLM_PREFIX_REUSE=ON"];
  return proveChatglm({ dir, arithmetic: "safe", defines, threads: 1, report: () => undefined, ...more });
}

/** A folder with a chatglm-server that gives one answer to all. */
async function serverThatSays(answer: string): Promise<string> {
  const dir = await mkdtemp(join(scratch, "wrong-"));
  await writeFile(join(dir, "chatglm-server"), `#!/bin/sh\nexec "${process.execPath}" "${wrongServer}" "$@"\n`);
  await chmod(join(dir, "chatglm-server"), 0o755);
  vi.stubEnv("WRONG_ANSWER", answer);
  return dir;
}

describe("a build of chatglm-server", () => {
  it("proves itself, more than once, and says what it was made of", { timeout: BUILD_LIMIT }, async () => {
    const build = await ensureBuild({ engine: "chatglm", mode: "require" });
    const { manifest, programs } = build;
    expect(manifest).toMatchObject({ engine: { name: "chatglm", version: "0.4.2" }, source: { verified: true } });
    expect(Object.keys(manifest.inputs).sort()).toEqual(["chatglm-server", "llama.cpp"]);
    expect(build.warnings).toEqual([]);
    expect(await verifyBuild(build)).toEqual({ intact: true, damaged: [] });
    const said = await execa(programs["chatglm-server"], ["--version"], { all: true });
    expect(said.all).toContain("0.4.2");

    const proof = await proofOf(build.dir, { threads: 2 });
    expect(proof.checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(proof.passed).toBe(true);
    const names = proof.checks.map(({ name }) => name).join("\n");
    for (const type of ["ChatGLM:", "ChatGLM2:", "ChatGLM3:", "GLM4:", "Q4_0"]) expect(names).toContain(type);
  });
});

describe("the proof", () => {
  it("fails where a script is not said, and says what was", async () => {
    const { passed, checks } = await proofOf(await serverThatSays("abcdefghijklmnopqrstuvwxyy"));
    expect(passed).toBe(false);
    expect(checks).toHaveLength(1);
    expect(checks[0]?.failures[0]).toMatchObject({
      expected: "abcdefghijklmnopqrstuvwxyz",
      got: "abcdefghijklmnopqrstuvwxyy",
    });
  });

  it("demands a cached prefix only of a build that reuses prefixes", async () => {
    const dir = await serverThatSays("abcdefghijklmnopqrstuvwxyz");
    const { passed, checks } = await proofOf(dir);
    expect(passed).toBe(false);
    expect(checks.filter((check) => check.passed)).toHaveLength(4);
    expect(checks.at(-1)?.failures[0]).toMatchObject({ expected: "a cached prefix" });
    expect((await proofOf(dir, { defines: ["CHATGLM_PREFIX_REUSE=OFF"] })).passed).toBe(true);
  });

  it("fails where the program dies, and says how", async () => {
    const dir = await mkdtemp(join(scratch, "dying-"));
    await execa("cp", ["/bin/false", join(dir, "chatglm-server")]);
    const { passed, checks } = await proofOf(dir);
    expect(passed).toBe(false);
    expect(checks[0]?.failures[0]?.got).toMatch(/chatglm-server ended \(exit code 1\)/);
  });
});

describe("what CMake gets", () => {
  /** As much of chatglm.cpp as the replacements ask for. */
  async function preparedFrom(files: Record<string, string>) {
    const dir = await mkdtemp(join(scratch, "tree-"));
    const paths = Object.keys(files);
    const others = (chatglmRecipe.pin.reads ?? []).filter((path) => !paths.some((file) => file.startsWith(path)));
    for (const path of [...paths, ...others]) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), files[path] ?? "");
    }
    const into = await mkdtemp(join(scratch, "prepared-"));
    const source: Source = { dir, tree: "0".repeat(40), channel: "folder", verified: false, detail: dir };
    const obtain = async (): Promise<Source> => ({ ...source, dir: "/llama" });
    return chatglmRecipe.prepare({ source, scratch: into, obtain });
  }

  it("is a copy with all replacements, else one with none, without prefix reuse and with a warning", async () => {
    const replacements = await readReplacements(join(nativeFolder, REPLACEMENTS));
    const files: Record<string, string> = {};
    for (const { file, before } of replacements) files[file] = `${files[file] ?? ""}${before}\n`;
    const fitting = await preparedFrom(files);
    expect(fitting.defines).toEqual(expect.arrayContaining(["CHATGLM_PREFIX_REUSE=ON", "LLAMA_SOURCE=/llama"]));
    expect(fitting.gaveUp).toEqual([]);
    const other = await preparedFrom({ ...files, "chatglm.h": "" });
    expect(other.defines).toContain("CHATGLM_PREFIX_REUSE=OFF");
    expect(other.gaveUp.join()).toContain("prefix reuse");
  });
});
