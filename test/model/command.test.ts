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
