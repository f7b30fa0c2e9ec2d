import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureBuild, findBuild, verifyBuild } from "../../build-scripts/build.ts";
import type { BuildEvent, BuildOptions } from "../../build-scripts/options.ts";
import type { Recipe } from "../../build-scripts/recipe.ts";
import { rung, tinyRecipe } from "../fixtures/tiny-recipe.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const source = join(root, "test/fixtures/tiny-engine");
const tiny: Recipe = tinyRecipe;

let cacheDir: string;

beforeAll(async () => {
  // Processes of their own run the compiled code; the source tests may run before anything was compiled.
  await execa("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { cwd: root, reject: false });
});

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "corral-build-"));
});

afterEach(async () => {
  await rm(cacheDir, { recursive: true, force: true });
});

function ask(more: Partial<BuildOptions<"llama">> = {}, recipe: Partial<Recipe> = {}) {
  return ensureBuild<"llama">({ engine: "llama", source, unverified: true, cacheDir, ...more }, { ...tiny, ...recipe });
}

/** A build in a process of its own. */
function start(...defines: string[]) {
  const child = execa("node", [join(root, "test/fixtures/build-tiny.mjs"), cacheDir, ...defines], { reject: false });
  const events = (async () => {
    const all: (BuildEvent | { kind: "built"; dir: string })[] = [];
    for await (const line of createInterface({ input: child.stdout })) all.push(JSON.parse(line));
    return all;
  })();
  return { child, events };
}

/** The process id of the shell that the tiny build waits in, once it waits. */
async function waitingShell(gate: string): Promise<number> {
  for (;;) {
    const pid = Number((await readFile(`${gate}.pid`, "utf8").catch(() => "")).trim());
    if (pid > 0) return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // A zombie has ended; whether somebody reaps it is not the build's affair.
    if (stat === "" || /\) Z /.test(stat)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function leftovers(): Promise<string[]> {
  const builds = await readdir(join(cacheDir, "builds"));
  const locks = await readdir(join(cacheDir, "locks"));
  return [...builds.filter((name) => name.includes(".")), ...locks];
}

describe("a build", () => {
  it("is made once, has a manifest, and is found again without a compiler", async () => {
    const events: BuildEvent[] = [];
    const build = await ask({ report: (event) => events.push(event) });
    expect(build.manifest).toMatchObject({
      engine: { name: "tiny", version: "0.0.1" },
      source: { channel: "folder", verified: false },
      rung: { name: "native" },
      proof: { passed: true },
      programs: { "llama-server": { version: "1.2.3 (tiny)" } },
    });
    expect(build.warnings.join()).toMatch(/unverified/);
    expect((await readdir(build.dir)).sort()).toEqual(["kept.c", "llama-server", "log", "manifest.json"]);
    expect(await verifyBuild(build)).toEqual({ intact: true, damaged: [] });
    expect(events.filter((event) => event.kind === "progress").length).toBeGreaterThan(0);
    expect(await leftovers()).toEqual([]);

    const again: BuildEvent[] = [];
    expect((await ask({ report: (event) => again.push(event), mode: "skip" })).dir).toBe(build.dir);
    expect(again.filter(({ kind }) => kind === "stage")).toEqual([]);
  });

  it("is refused when making one is forbidden, or when the source is not the pinned one", async () => {
    await expect(ask({ mode: "skip" })).rejects.toMatchObject({ code: "CORRAL_BUILD_SKIPPED" });
    await expect(ask({ unverified: false })).rejects.toMatchObject({ code: "CORRAL_SOURCE_UNVERIFIED" });
  });

  it("is another one with other options, and is made anew when a program is gone or the manifest damaged", async () => {
    const first = await ask();
    const other = await ask({ defines: ["FOO=1"] });
    expect(other.dir).not.toBe(first.dir);

    await writeFile(join(first.dir, "manifest.json"), '{"format": 1');
    expect(await findBuild({ engine: "llama", source, unverified: true, cacheDir }, tiny)).toBeNull();
    expect((await ask()).dir).toBe(first.dir);

    await rm(first.programs["llama-server"]);
    expect(await verifyBuild(first)).toEqual({ intact: false, damaged: ["llama-server"] });
    await ask();
    expect(existsSync(first.programs["llama-server"])).toBe(true);
  });

  it("joins compiler flags of rung, caller and environment", async () => {
    const ladder = { ...tiny.ladder, rungs: () => [rung("native", ["-DFROM_RUNG"])] };
    process.env.CFLAGS = "-DFROM_ENVIRONMENT";
    process.env.SOURCE_DATE_EPOCH = "0";
    try {
      const build = await ask({ defines: ["-DCMAKE_C_FLAGS=-DFROM_CALLER"] }, { ladder });
      const log = await readFile(join(build.dir, "log"), "utf8");
      expect(log).toContain("-DCMAKE_C_FLAGS=-DFROM_RUNG -DFROM_ENVIRONMENT -DFROM_CALLER");
    } finally {
      delete process.env.CFLAGS;
      delete process.env.SOURCE_DATE_EPOCH;
    }
  });

  it("is prepared once for all rungs, from more than its source, and says what every build goes without", async () => {
    let prepared = 0;
    let wrong = true;
    const prove: Recipe["prove"] = async () => {
      const passed = !wrong;
      wrong = false;
      return { passed, checks: [], bench: [] };
    };
    const prepare: Recipe["prepare"] = async (given) => {
      prepared += 1;
      await cp(given.source.dir, join(given.scratch, "copy"), { recursive: true });
      return { folder: join(given.scratch, "copy"), defines: ["PREPARED=1"], gaveUp: ["a wing"] };
    };
    const build = await ask({}, { prepare, prove, inputs: async () => ({ "other.cpp": "1" }) });
    expect(prepared).toBe(1);
    expect(build.manifest).toMatchObject({ inputs: { "other.cpp": "1" }, rung: { name: "portable" } });
    expect(build.warnings.join()).toContain("a wing");
    expect(await readFile(join(build.dir, "log"), "utf8")).toContain("-DPREPARED=1");
    expect(await leftovers()).toEqual([]);

    const other = await ask({}, { inputs: async () => ({ "other.cpp": "2" }) });
    expect(other.dir).not.toBe(build.dir);
  });

  it("names the first compiler error, and the log is where it says", async () => {
    const failure = await ask({ defines: ["CMAKE_C_FLAGS=-DBROKEN"] }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "CORRAL_BUILD_FAILED",
      facts: { cause: "error", firstError: expect.stringMatching(/tiny\.c:\d+:\d+: error: /) },
    });
    const { log } = (failure as { facts: { log: string } }).facts;
    expect(await readFile(log, "utf8")).toMatch(/tiny\.c:\d+:\d+: error: /);
    expect(await leftovers()).toEqual([]);
  });
});

describe("the ladder", () => {
  const wrong = { name: "echo", passed: false, demanded: true, seconds: 1 };
  const failed = {
    passed: false,
    checks: [{ ...wrong, failures: [{ case: "a", expected: "b", got: "c" }] }],
    bench: [],
  };

  it("steps down when a build computes wrong, and keeps what failed aside with its log", async () => {
    let proofs = 0;
    const prove: Recipe["prove"] = async () => (++proofs === 1 ? failed : { passed: true, checks: [], bench: [] });
    const build = await ask({}, { prove });
    expect(build.manifest.rung.name).toBe("portable");
    const [aside] = build.manifest.failedRungs;
    expect(aside).toMatchObject({ name: "native", reason: expect.stringContaining('should be "b" and was "c"') });
    expect(await readFile(aside?.log ?? "", "utf8")).toContain("FAIL echo");
    expect(existsSync(join(aside?.log ?? "", "../llama-server"))).toBe(true);
  });

  it("steps down when the assembler does not know an instruction", async () => {
    const ladder = { ...tiny.ladder, rungs: () => [rung("native", ["-mno-such-thing"]), rung("portable")] };
    const build = await ask({}, { ladder });
    expect(build.manifest.failedRungs.map(({ name }) => name)).toEqual(["native"]);
  });

  it("gives nothing when no set of flags computes right", async () => {
    const failure = await ask({}, { prove: async () => failed }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "CORRAL_BUILD_UNPROVEN",
      facts: { failed: [{ name: "native" }, { name: "portable" }] },
    });
    expect(await findBuild({ engine: "llama", source, unverified: true, cacheDir }, tiny)).toBeNull();
    expect(await leftovers()).toEqual([]);
  });
});

describe("processes", () => {
  it("that ask at once build once, and both get it", async () => {
    const gate = join(cacheDir, "gate");
    const [a, b] = [start(`GATE=${gate}`), start(`GATE=${gate}`)];
    await waitingShell(gate);
    await writeFile(gate, "");
    const [first, second] = await Promise.all([a.events, b.events]);
    const compiles = [...first, ...second].filter((event) => event.kind === "stage" && event.stage === "compile");
    expect(compiles).toHaveLength(1);
    const [built, sameBuilt] = [first.at(-1), second.at(-1)];
    expect(built).toMatchObject({ kind: "built" });
    expect(sameBuilt).toEqual(built);
  });

  it("killed with -9 midway leave nothing running and nothing in the way", async () => {
    const gate = join(cacheDir, "gate");
    const { child } = start(`GATE=${gate}`);
    const shell = await waitingShell(gate);
    child.kill("SIGKILL");
    await child;
    await gone(shell);

    await writeFile(gate, "");
    const build = await ask({ defines: [`GATE=${gate}`] });
    expect(build.manifest.proof.passed).toBe(true);
    expect(await leftovers()).toEqual([]);
  });

  it("told to stop end the compilers before they say so", async () => {
    const gate = join(cacheDir, "gate");
    const stop = new AbortController();
    const reason = new Error("enough");
    const building = ask({ defines: [`GATE=${gate}`], signal: stop.signal });
    const refused = expect(building).rejects.toBe(reason);
    const shell = await waitingShell(gate);
    stop.abort(reason);
    await refused;
    await gone(shell);
    expect(await leftovers()).toEqual([]);
    expect(existsSync(join(cacheDir, "failed"))).toBe(false);
  });
});
