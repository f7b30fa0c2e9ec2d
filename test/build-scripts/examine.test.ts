import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Of } from "../../build-scripts/build-folder.ts";
import { examine, problemsOf } from "../../build-scripts/examine.ts";
import { llamaLadder } from "../../build-scripts/llama/ladder.ts";
import { llamaPin } from "../../build-scripts/llama/pin.ts";
import { writeManifest } from "../../build-scripts/manifest.ts";
import { cpuFeatures } from "../../src/machine/features.ts";
import { sampleManifest } from "./sample-manifest.ts";

const cmake = { name: "CMake", essential: true, found: null, problem: "not found" };
const ninja = { name: "Ninja", essential: false, found: null, problem: "not found" };

describe("what is essential", () => {
  it("is a compiler and CMake where no build is ready", () => {
    expect(problemsOf([cmake, ninja], [])).toMatchObject([{ essential: true, text: expect.stringContaining("CMake") }]);
  });

  it("is nothing more where one is", () => {
    const problems = problemsOf([cmake], [{ state: "ready", dir: "/x/llama-1" }]);
    expect(problems).toMatchObject([{ essential: false }]);
  });

  it("is not served by another engine's build", () => {
    const problems = problemsOf([cmake], [{ state: "ready", dir: "/x/chatglm-1" }]);
    expect(problems).toMatchObject([{ essential: true }]);
  });

  it("is never pip, which is missed only where no chatglm build is ready", () => {
    const pip = { name: "pip", essential: false, found: null, problem: "not found" };
    expect(problemsOf([pip], [])).toMatchObject([{ essential: false, text: expect.stringContaining("chatglm.cpp") }]);
    expect(problemsOf([pip], [{ state: "ready", dir: "/x/chatglm-1" }])).toEqual([]);
  });

  it("is not served by a build that is damaged or of another CPU", () => {
    const problems = problemsOf(
      [cmake],
      [
        { state: "damaged", dir: "/x" },
        { state: "other-cpu", dir: "/y" },
      ],
    );
    expect(problems.filter(({ essential }) => essential)).toHaveLength(2);
  });
});

describe("an examination", () => {
  it("tells each build's state, and hashes the programs again", async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), "corral-examine-"));
    try {
      const here = { arch: process.arch, model: "this", features: await cpuFeatures() };
      const current = {
        engine: { name: "llama", version: "1", commit: "c", tree: llamaPin.tree },
        options: { ...sampleManifest().options, ladder: llamaLadder.version },
        cpu: here,
      };
      const put = async (name: string, more: Parameters<typeof sampleManifest>[0], content = "program") => {
        const dir = join(cacheDir, "builds", name);
        await mkdir(dir, { recursive: true });
        await writeFile(join(dir, "llama-server"), "program");
        const sha256 = await sha256Of(join(dir, "llama-server"));
        await writeManifest(
          dir,
          sampleManifest({ ...current, programs: { "llama-server": { sha256, version: "1", bytes: 7 } }, ...more }),
        );
        await writeFile(join(dir, "llama-server"), content);
      };
      await put("llama-a", {});
      await put("llama-b", {}, "another");
      await put("llama-c", { cpu: { ...here, features: [...here.features, "zzz"] } });
      await put("llama-d", { options: { ...current.options, ladder: llamaLadder.version + 1 } });
      await mkdir(join(cacheDir, "builds", "llama-e"));

      const { builds, healthy, notableFeatures, machine, unbuilt } = await examine({ cacheDir });
      expect(builds.map(({ state }) => state)).toEqual(["ready", "damaged", "other-cpu", "outdated", "unfinished"]);
      expect(healthy).toBe(true);
      expect(unbuilt).toEqual(["chatglm"]);
      expect(machine.cpus.length).toBeGreaterThan(0);
      const avx2 = notableFeatures.find(({ name }) => name === "avx2");
      expect(avx2?.present ?? here.features.includes("avx2")).toBe(here.features.includes("avx2"));
    } finally {
      await rm(cacheDir, { recursive: true, force: true });
    }
  });
});
