import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../build-scripts/build.ts";
import { describeModel } from "../../src/model/describe.ts";
import { writeEchoModel } from "../../src/model/echo.ts";
import { writeRandomModel } from "../../src/model/random.ts";
import { readTokenizer } from "../../src/model/tokenizer.ts";
import { expectSameAsHuggingFace } from "../model/cross-check.ts";

const build = await ensureBuild({ engine: "llama", mode: "require" });
const folder = await mkdtemp(join(tmpdir(), "corral-model-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the vocabulary that a build keeps", () => {
  it("reads as @huggingface/gguf reads it", async () => {
    await expectSameAsHuggingFace(build.vocabulary);
  });

  it("has the tokens of Qwen2", async () => {
    const { size, metadata } = await readTokenizer(build.vocabulary);
    expect(size).toBe(151_936);
    expect(metadata.map(([key]) => key)).toContain("tokenizer.ggml.merges");
  });
});

describe("the engine", () => {
  it.each(["q4_0", "q8_0", "q4_k", "f16", "f32"] as const)(
    "runs a random %s model with a real vocabulary",
    async (type) => {
      const path = join(folder, `${type}.gguf`);
      await writeRandomModel(path, { preset: "tiny", type, vocabFile: build.vocabulary });
      const { stdout } = await execa(build.programs["llama-bench"], [
        ...["-m", path, "-t", "1", "-p", "64", "-n", "8", "-r", "1", "-o", "json"],
      ]);
      const runs = JSON.parse(stdout) as { model_size: number; model_n_params: number; avg_ts: number }[];
      const { parameters } = await describeModel(path);
      expect(runs).toHaveLength(2);
      for (const run of runs) {
        expect(run.model_n_params).toBe(parameters);
        expect(run.avg_ts).toBeGreaterThan(0);
      }
    },
  );

  it("splits a model that still describes itself the same", async () => {
    const whole = join(folder, "echo.gguf");
    await writeEchoModel(whole);
    const split = ["--split", "--split-max-tensors", "16", whole, join(folder, "echo")];
    await execa(build.programs["llama-gguf-split"], split);

    const { path, name, files, ...same } = await describeModel(join(folder, "echo-00002-of-00003.gguf"));
    const { path: _, name: __, files: ___, ...expected } = await describeModel(whole);
    expect(same).toEqual(expected);
    expect(name).toBe("echo");
    expect(path).toBe(join(folder, "echo-00001-of-00003.gguf"));
    expect(files).toHaveLength(3);
    for (const part of files) {
      await expectSameAsHuggingFace(part.path);
      expect(part.bytes).toBe((await stat(part.path)).size);
    }
  });
});
