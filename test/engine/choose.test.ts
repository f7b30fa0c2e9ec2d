import { describe, expect, test } from "vitest";
import { chooseEngine } from "../../src/engine/choose.ts";
import type { ModelDescription } from "../../src/model/description.ts";
import { halfBillion } from "../plan/models.ts";

const bin = (architecture: string): ModelDescription => ({ ...halfBillion, format: "chatglm", architecture });
const choose = (model: ModelDescription, wanted = "auto") => {
  const { engine, why } = chooseEngine(model, wanted, { arithmetic: "safe" });
  return [engine.name, why];
};

describe("the engine for a model", () => {
  test.each([
    ["a GGUF file", halfBillion, "llama"],
    ["ChatGLM2", bin("chatglm2"), "llama"],
    ["ChatGLM3", bin("chatglm3"), "llama"],
    ["GLM-4", bin("glm4"), "llama"],
    ["ChatGLM-6B", bin("chatglm"), "chatglm"],
    ["GLM-4V", bin("glm4v"), "chatglm"],
  ])("%s", (_, model, expected) => {
    expect(choose(model)[0]).toBe(expected);
  });

  test("says why, and why not the one before", () => {
    expect(choose(halfBillion)).toEqual(["llama", "llama-server reads GGUF files"]);
    expect(choose(bin("chatglm3"))[1]).toMatch(/^converted to GGUF without loss/);
    expect(choose(bin("chatglm"))[1]).toMatch(/can't be converted .*; chatglm-server reads the file as it is$/);
    expect(choose(bin("chatglm3"), "chatglm")).toEqual([
      "chatglm",
      "asked for, and chatglm-server reads the file as it is",
    ]);
  });

  test.each([
    ["a GGUF file", halfBillion, "chatglm"],
    ["ChatGLM-6B", bin("chatglm"), "llama"],
  ])("%s is refused where %s is asked for the wrong one", (_, model, wanted) => {
    expect(() => choose(model, wanted)).toThrow(
      expect.objectContaining({ code: "CORRAL_BAD_OPTION", facts: { path: model.path, engine: wanted } }),
    );
  });
});
