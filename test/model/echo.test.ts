import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeModel } from "../../src/model/describe.ts";
import { CODES } from "../../src/model/echo/codes.ts";
import { largestSum, scoresOf } from "../../src/model/echo/layers.ts";
import { tokenId } from "../../src/model/echo/tokens.ts";
import { writeEchoModel } from "../../src/model/echo.ts";
import { ensureEchoModel } from "../../src/model/store.ts";
import { temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();

describe("the echo model", () => {
  // Of the files that the reference in numpy writes. A change needs a new ECHO_VERSION in model/store.ts.
  it.each([
    [{}, "ba6cd5f95c156ad86a0583ed69de5006ae08f031c6dd4b2a04b04a268b259225"],
    [{ type: "f32" }, "e9659e82d6b47606e9c17cc3a86b323bd89406ce8e37317d5e425004da2346af"],
    [{ type: "q8_0" }, "9a07b58e7f675a53ef55f0bee6ceedde75309011b3c69929094e1aaa5123233f"],
    [{ loud: 5 }, "617115b5935aa2667e68fb47a55eb234caa91f92764df817983f96648d7b2d31"],
  ] as const)("is the reference's, byte for byte: %j", async (options, sha256) => {
    const path = join(folder, `echo-${sha256.slice(0, 8)}.gguf`);
    await writeEchoModel(path, options);
    const bytes = await readFile(path);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  });

  it("has codes that differ in 6 signs or more, but for the two marks that look alike", () => {
    const alike: number[][] = [];
    for (const [one, code] of CODES.entries()) {
      for (const [other, otherCode] of CODES.slice(0, one).entries()) {
        const differing = code.filter((sign, index) => sign !== otherCode[index]).length;
        if (differing < 6) alike.push([other, one]);
      }
    }
    expect(alike).toEqual([[tokenId("<|user|>"), tokenId("<|assistant|>")]]);
  });

  it("sums attention within half precision, and only the loud one beyond its end", () => {
    expect(largestSum(scoresOf(1))).toBeLessThan(2 ** 15);
    expect(largestSum(scoresOf(5))).toBeGreaterThan(65_504);
  });

  it.each([0, 0.5, 6, Number.NaN, Number.POSITIVE_INFINITY])("is not made %d times as loud", async (loud) => {
    await expect(writeEchoModel(join(folder, "no.gguf"), { loud })).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
    });
    expect(await readdir(folder)).not.toContain("no.gguf");
  });
});

describe("ensureEchoModel", () => {
  it("writes it once into a cache that may not exist yet, also when asked twice at once", async () => {
    const cache = join(folder, "deep", "cache");
    const [path, other] = await Promise.all([ensureEchoModel(cache), ensureEchoModel(cache)]);
    expect(other).toBe(path);
    const { mtimeMs } = await stat(path);
    expect(await ensureEchoModel(cache)).toBe(path);
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(join(path, ".."))).toHaveLength(1);
    expect(await describeModel(path)).toMatchObject({
      architecture: "llama",
      layers: 4,
      kvHeads: 1,
      quantisation: "F16",
    });
  });

  it("says that the cache can't be written to", async () => {
    const file = join(folder, "echo-file");
    await writeEchoModel(file);
    await expect(ensureEchoModel(file)).rejects.toMatchObject({ code: "CORRAL_WRITE_FAILED" });
  });
});
