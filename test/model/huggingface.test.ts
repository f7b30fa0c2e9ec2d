import { join } from "node:path";
import { describe, it } from "vitest";
import { writeEchoModel } from "../../src/model/echo.ts";
import { writeRandomModel } from "../../src/model/random.ts";
import { expectSameAsHuggingFace } from "./cross-check.ts";
import { smallModel, temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();

// The vocabulary of a build and a model split by the engine's own tool: test/real/model.test.ts.
describe("our reader and @huggingface/gguf agree", () => {
  it("on a file with each type of value", async () => {
    await smallModel(folder);
    await expectSameAsHuggingFace(join(folder, "small.gguf"));
  });

  it.each(["f16", "f32", "q8_0"] as const)("on the echo model (%s)", async (type) => {
    const path = join(folder, `echo-${type}.gguf`);
    await writeEchoModel(path, { type });
    await expectSameAsHuggingFace(path);
  });

  it.each(["q4_0", "q8_0", "q4_k", "f16", "f32"] as const)("on a random model (%s)", async (type) => {
    const path = join(folder, `random-${type}.gguf`);
    await writeRandomModel(path, { preset: "tiny", type });
    await expectSameAsHuggingFace(path);
  });
});
