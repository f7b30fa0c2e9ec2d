import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  hasPrograms,
  listBuilds,
  readBuild,
  sha256Of,
  verifyBuild,
  warningsOf,
} from "../../build-scripts/build-folder.ts";
import { servesAs } from "../../build-scripts/identity.ts";
import { MANIFEST_FILE, readManifest, writeManifest } from "../../build-scripts/manifest.ts";
import { sampleManifest } from "./sample-manifest.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corral-manifest-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("a manifest", () => {
  it("comes back as it was written, and leaves nothing beside it", async () => {
    await writeManifest(dir, sampleManifest());
    expect(await readManifest(dir)).toEqual(sampleManifest());
    expect(await readdir(dir)).toEqual([MANIFEST_FILE]);
  });

  it.each([
    ["cut short", JSON.stringify(sampleManifest()).slice(0, -20)],
    ["empty", ""],
    ["of another format", JSON.stringify({ ...sampleManifest(), format: 2 })],
    ["without a proof", JSON.stringify({ ...sampleManifest(), proof: undefined })],
    ["of the wrong type", "[]"],
  ])("that is %s means that nothing is built there", async (_how, text) => {
    await writeFile(join(dir, MANIFEST_FILE), text);
    expect(await readManifest(dir)).toBeNull();
    expect(await readBuild(dir)).toBeNull();
  });

  it("is never written with facts missing", async () => {
    await expect(writeManifest(dir, { ...sampleManifest(), identity: "short" })).rejects.toThrow();
    expect(await readManifest(dir)).toBeNull();
  });
});

describe("whether a build serves", () => {
  const { engine, options, cpu } = sampleManifest();
  const facts = { engine: engine.name, tree: engine.tree, inputs: {}, options, cpu };

  it("does not depend on the compiler: it has proved itself", () => {
    const manifest = sampleManifest({ compiler: { version: "another", target: "else" } });
    expect(servesAs(manifest, facts)).toBe(true);
  });

  it.each([
    ["a CPU with more features", { cpu: { ...cpu, features: ["avx2", "avx512f", "fma"] } }],
    ["a CPU with fewer features", { cpu: { ...cpu, features: ["avx2"] } }],
    ["another architecture", { cpu: { ...cpu, arch: "arm64" } }],
    ["another source", { tree: "dead" }],
    ["another input", { inputs: { "a.cpp": "dead" } }],
    ["other options", { options: { ...options, defines: ["A=1"] } }],
    ["other arithmetic", { options: { ...options, arithmetic: "fast" as const } }],
  ])("is denied for %s", (_what, change) => {
    expect(servesAs(sampleManifest(), { ...facts, ...change })).toBe(false);
  });
});

describe("builds in a cache", () => {
  async function put(name: string, more: Parameters<typeof sampleManifest>[0] = {}): Promise<string> {
    const folder = join(dir, "builds", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "llama-server"), "a program");
    const programs = {
      "llama-server": { sha256: await sha256Of(join(folder, "llama-server")), version: "1", bytes: 9 },
    };
    await writeManifest(folder, sampleManifest({ programs, ...more }));
    return folder;
  }

  it("are listed newest first, without those under way and those without a manifest", async () => {
    const older = await put("llama-1", { madeAt: "2026-01-01T00:00:00.000Z" });
    const newer = await put("llama-2", { madeAt: "2026-02-01T00:00:00.000Z" });
    await put("llama-3.1234");
    await mkdir(join(dir, "builds", "llama-4"));
    expect((await listBuilds(dir)).map((build) => build.dir)).toEqual([newer, older]);
    expect(await listBuilds(join(dir, "nowhere"))).toEqual([]);
  });

  it("are intact only while every program is the proven one", async () => {
    const build = await readBuild(await put("llama-1"));
    if (build === null) throw new Error("no build");
    expect(await verifyBuild(build)).toEqual({ intact: true, damaged: [] });
    await writeFile(join(build.dir, "llama-server"), "A program");
    expect(await hasPrograms(build)).toBe(true);
    expect(await verifyBuild(build)).toEqual({ intact: false, damaged: ["llama-server"] });
    await rm(join(build.dir, "llama-server"));
    expect(await hasPrograms(build)).toBe(false);
  });
});

describe("warnings", () => {
  it("say what was given up, and that a source is not upstream's", () => {
    const { rung, options, source } = sampleManifest();
    expect(warningsOf(sampleManifest())).toEqual([]);
    const fast = { rung: { ...rung, gaveUp: ["exact sums"] }, options: { ...options, arithmetic: "fast" as const } };
    expect(warningsOf(sampleManifest(fast))).toEqual(["fast arithmetic does without exact sums"]);
    expect(warningsOf(sampleManifest({ source: { ...source, verified: false } })).join()).toMatch(/unverified/);
  });
});
