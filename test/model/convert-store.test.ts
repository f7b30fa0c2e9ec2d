import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { modelCommand } from "../../src/cli/model.ts";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { describeModel } from "../../src/model/describe.ts";
import { ensureConverted } from "../../src/model/store.ts";
import { temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();
const cache = join(folder, "cache");
const path = join(folder, "my chatglm3.bin");
await writeRandomChatglm(path, { type: 3 });
const model = await describeModel(path);

describe("conversions in the cache", () => {
  it("are made once, also for two that ask at once", async () => {
    const [one, other] = await Promise.all([ensureConverted(model, cache), ensureConverted(model, cache)]);
    expect(other).toBe(one);
    expect(basename(one)).toMatch(/^my_chatglm3-v\d+-[0-9a-f]{16}\.gguf$/);
    expect(await readdir(join(cache, "models"))).toEqual([basename(one)]);
    expect(await describeModel(one)).toMatchObject({ architecture: "chatglm", parameters: model.parameters });

    const onProgress = vi.fn();
    expect(await ensureConverted(model, cache, { onProgress })).toBe(one);
    expect(onProgress).not.toHaveBeenCalled();
  });

  it("are made anew for other weights, also where size and time are the same", async () => {
    const before = await ensureConverted(model, cache);
    const time = new Date("2024-01-01");
    await utimes(path, time, time);
    const dated = await ensureConverted(model, cache);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
    await utimes(path, time, time);
    const changed = await ensureConverted(model, cache);
    expect(new Set([before, dated, changed]).size).toBe(3);
  });

  it("never count half-written; those that nobody writes any more are swept away", async () => {
    const models = join(cache, "models");
    const time = new Date("2023-01-01");
    await utimes(path, time, time);
    const name = basename(await ensureConverted(model, join(folder, "elsewhere")));
    const [dead, live] = [join(models, `.${name}.dead.partial`), join(models, `.${name}.live.partial`)];
    await writeFile(dead, "half");
    await utimes(dead, time, time);
    await writeFile(live, "half");
    const converted = await ensureConverted(model, cache);
    expect((await describeModel(converted)).parameters).toBe(model.parameters);
    const left = await readdir(models);
    expect(left).toContain(basename(live));
    expect(left).not.toContain(basename(dead));
  });
});

describe("corral model convert", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function corralModel(...args: string[]): Promise<string> {
    const printed: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((chunk) => printed.push(String(chunk)) > 0);
    await modelCommand().parseAsync(args, { from: "user" });
    return printed.join("");
  }

  it("writes beside the model, but over nothing that it wasn't told to", async () => {
    const out = join(folder, "my chatglm3.gguf");
    const printed = await corralModel("convert", path);
    expect(printed).toContain(`${out}: `);
    expect(printed).toContain(`F16, 2 layers, ${model.vocabulary} tokens`);
    expect(printed).toContain(`corral serve ${out}`);
    await expect(corralModel("convert", path)).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
      facts: { path: out },
    });
    await corralModel("convert", path, "--out", out);
    await expect(corralModel("convert", path, "--out", path)).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
  });
});
