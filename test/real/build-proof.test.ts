import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { ensureBuild, verifyBuild } from "../../build-scripts/build.ts";
import { cacheDir } from "../../build-scripts/cache.ts";
import { proveLlama } from "../../build-scripts/llama/prove.ts";
import { llamaRecipe } from "../../build-scripts/llama/recipe.ts";
import type { ProveOptions } from "../../build-scripts/prove.ts";
import type { Recipe } from "../../build-scripts/recipe.ts";
import { obtainSource } from "../../build-scripts/source/obtain.ts";

const header = fileURLToPath(new URL("../fixtures/half-precision-sums.h", import.meta.url));
const BUILD_LIMIT = 30 * 60_000;

/** Only what the proof of an echo needs, and taken as it is: what it proves is the test's question. */
const serverOnly: Recipe = {
  ...llamaRecipe,
  targets: { "llama-server": "llama-server" },
  prove: async () => ({ passed: true, checks: [], bench: [] }),
};

/**
 * llama-server with the planted fault, in a cache of its own: nothing that serves looks there. It takes minutes to
 * make, once; the next run finds it.
 */
async function faultyBuild(): Promise<string> {
  const cache = join(cacheDir(), "test");
  const pin = llamaRecipe.pin;
  const { dir: source } = await obtainSource({ pin, into: join(cacheDir(), "sources", pin.tree) });
  // CMake does not ask what an included header says, so the name does.
  const content = createHash("sha256")
    .update(await readFile(header))
    .digest("hex")
    .slice(0, 16);
  const planted = join(cache, `half-precision-sums-${content}.h`);
  await mkdir(cache, { recursive: true });
  await copyFile(header, planted);
  const defines = [`CMAKE_C_FLAGS=-include "${planted}"`];
  return (await ensureBuild({ engine: "llama", source, cacheDir: cache, defines }, serverOnly)).dir;
}

async function proofOf(dir: string, more: Partial<ProveOptions> = {}) {
  return proveLlama({ dir, arithmetic: "safe", defines: [], threads: 1, report: () => undefined, ...more });
}

describe("the proof", () => {
  it("passes on the default build, more than once, and its manifest says what was proven", {
    timeout: BUILD_LIMIT,
  }, async () => {
    const build = await ensureBuild({ engine: "llama" });
    const { proof, bench } = build.manifest;
    expect(proof.passed).toBe(true);
    expect(proof.checks.filter(({ name }) => name.startsWith("loud echo")).length).toBeGreaterThanOrEqual(4);
    expect(proof.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["random Q4_0", "random Q8_0"]));
    expect(bench.map(({ model, phase }) => `${model} ${phase}`).sort()).toEqual([
      "random Q4_0 decode",
      "random Q4_0 prefill",
      "random Q8_0 decode",
      "random Q8_0 prefill",
    ]);
    expect((await verifyBuild(build)).intact).toBe(true);

    const again = await proofOf(build.dir);
    expect(again.checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(again.passed).toBe(true);
  });

  it("catches sums in half precision: the quiet echo passes, the loud one fails", {
    timeout: BUILD_LIMIT,
  }, async () => {
    const dir = await faultyBuild();
    const demanded = await proofOf(dir);
    expect(demanded.passed).toBe(false);
    expect(demanded.checks.filter(({ name }) => name.startsWith("echo")).map(({ passed }) => passed)).toEqual([
      ...[true, true, true, true],
    ]);
    const last = demanded.checks.at(-1);
    expect(last).toMatchObject({ name: expect.stringMatching(/^loud echo/), passed: false, demanded: true });
    expect(last?.failures.length).toBeGreaterThan(3);
    expect(last?.failures[0]?.got).not.toBe(last?.failures[0]?.expected);

    // A user who asks for fast arithmetic gets it, and the record of what it does to loud models.
    const recorded = await proofOf(dir, { arithmetic: "fast" });
    const loud = recorded.checks.filter(({ name }) => name.startsWith("loud echo"));
    expect(loud.map(({ passed, demanded }) => [passed, demanded])).toEqual(Array(4).fill([false, false]));
  });

  it("fails where a program dies, and says how", async () => {
    const dir = await mkdtemp(join(tmpdir(), "corral-dying-"));
    try {
      await execa("cp", ["/bin/false", join(dir, "llama-server")]);
      const { passed, checks } = await proofOf(dir);
      expect(passed).toBe(false);
      expect(checks).toHaveLength(1);
      expect(checks[0]?.failures[0]?.got).toMatch(/llama-server ended \(exit code 1\)/);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("stops when told to, and leaves no server behind", async () => {
    const build = await ensureBuild({ engine: "llama" });
    const stop = new AbortController();
    const reason = new Error("enough");
    const proving = proofOf(build.dir, {
      signal: stop.signal,
      report: ({ kind }) => kind === "progress" && stop.abort(reason),
    });
    await expect(proving).rejects.toBe(reason);
    const { stdout } = await execa("ps", ["-o", "pid=,args=", "--ppid", `${process.pid}`], { reject: false });
    expect(stdout).not.toContain(build.dir);
  });
});
