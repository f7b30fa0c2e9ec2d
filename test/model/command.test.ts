import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { modelCommand } from "../../src/cli/model.ts";
import { describeModel } from "../../src/model/describe.ts";
import { text } from "../../src/model/gguf/encode.ts";
import { writeGguf } from "../../src/model/gguf/write.ts";
import { SMALL_METADATA, smallModel, temporaryFolder, zeros } from "./kit.ts";

const folder = await temporaryFolder();

/** What the command prints. */
async function corralModel(...args: string[]): Promise<string> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  await modelCommand().parseAsync(args, { from: "user" });
  return printed.join("");
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("corral model inspect", () => {
  it("prints a table", async () => {
    await smallModel(folder);
    const printed = await corralModel("inspect", join(folder, "small.gguf"));
    expect(printed).toMatch(/^name +small$/m);
    expect(printed).toMatch(/^architecture +llama$/m);
    expect(printed).toMatch(/^heads +4 of 16, 2 for keys and values$/m);
    expect(printed).toMatch(/^tensors +F32 +1\.1 KiB$/m);
    expect(printed).toMatch(/^chat template +none$/m);
  });

  it("prints JSON", async () => {
    await smallModel(folder);
    const printed = await corralModel("inspect", join(folder, "small.gguf"), "--json");
    expect(JSON.parse(printed)).toMatchObject({ name: "small", layers: 2, metadata: { "llama.block_count": 2 } });
  });

  it("lets no model write to the terminal as it likes", async () => {
    const path = join(folder, "sly.gguf");
    const sly = text("\u001b[2J\u009b31m\r\nowned");
    const metadata = new Map([...SMALL_METADATA, ["general.name", sly], ["tokenizer.chat_template", sly]]);
    await writeGguf(path, { metadata, tensors: [zeros("t", [32])] });
    const printed = await corralModel("inspect", path);
    expect(printed).toContain("owned");
    expect(printed.replaceAll("\n", "")).not.toMatch(/\p{Control}/u);
  });

  it("fails with the reason", async () => {
    await expect(corralModel("inspect", join(folder, "none.gguf"))).rejects.toMatchObject({
      code: "CORRAL_MODEL_MISSING",
    });
  });
});

describe("corral model make", () => {
  it("makes the echo model, and its loud variant", async () => {
    const path = join(folder, "echo.gguf");
    expect(await corralModel("make", "echo", "--out", path, "--loud", "--type", "q8_0")).toBe(`${path}: 9.2 MiB\n`);
    expect(await describeModel(path)).toMatchObject({ architecture: "llama", quantisation: "Q8_0" });
  });

  it("makes a random model of the shape and type that is wanted", async () => {
    const path = join(folder, "random.gguf");
    await corralModel("make", "random", "--preset", "tiny", "--type", "f16", "--seed", "3", "--out", path);
    expect(await describeModel(path)).toMatchObject({ architecture: "qwen2", layers: 2, quantisation: "F16" });
  });

  it("says which types there are", async () => {
    const made = corralModel("make", "random", "--out", join(folder, "no.gguf"), "--type", "q2");
    await expect(made).rejects.toThrow("Choose one of f32, f16, q4_0, q8_0, q4_k.");
  });
});

describe("corral model with chatglm.cpp's format", () => {
  it("makes a random model and shows it", async () => {
    const path = join(folder, "chatglm.bin");
    const flags = ["--type", "3", "--layers", "1", "--quantisation", "q4_0", "--max-length", "512", "--seed", "2"];
    expect(await corralModel("make", "chatglm", ...flags, "--out", path)).toMatch(/chatglm\.bin: \d+ KiB\n$/);
    const printed = await corralModel("inspect", path);
    expect(printed).toMatch(/^name +chatglm$/m);
    expect(printed).toMatch(/^architecture +chatglm3$/m);
    expect(printed).toMatch(/^quantisation +Q4_0$/m);
    expect(printed).toMatch(/^context +512 tokens$/m);
    expect(printed).toMatch(/^layers +1$/m);
    expect(printed).toMatch(/^format +chatglm\.cpp v2, type 3 \(ChatGLM3\)$/m);
    expect(printed).toMatch(/^chat template +the engine's own for this type$/m);
  });

  it("makes one with a script and shows it as JSON", async () => {
    const path = join(folder, "alphabet.bin");
    await corralModel("make", "chatglm", "--type", "1", "--script", "alphabet", "--out", path);
    expect(JSON.parse(await corralModel("inspect", path, "--json"))).toMatchObject({
      format: "chatglm",
      metadata: { type: 1, title: "ChatGLM", version: 2, config: { maxLength: 2048 }, tokenizer: { tokens: 1217 } },
    });
  });

  it("says what makes no sense", async () => {
    const flags = ["make", "chatglm", "--out", join(folder, "no.bin"), "--type"];
    await expect(corralModel(...flags, "9")).rejects.toThrow('there is no type "9". Choose one of 1, 2, 3, 4.');
    await expect(corralModel(...flags, "1", "--script", "endless", "--seed", "1")).rejects.toThrow(
      "a model with a script has no choice of seed.",
    );
  });
});
