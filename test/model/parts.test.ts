import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { describeModel } from "../../src/model/describe.ts";
import { fixed } from "../../src/model/gguf/encode.ts";
import { writeGguf } from "../../src/model/gguf/write.ts";
import { modelName } from "../../src/model-name.ts";
import { SMALL_METADATA, temporaryFolder, zeros } from "./kit.ts";

const root = await temporaryFolder();
let folder: string;
let runs = 0;

const partPath = (part: number, count = 3): string => join(folder, `big-0000${part}-of-0000${count}.gguf`);

interface Part {
  no: number;
  count?: number;
  total?: number;
  tensor?: string;
}

/** As llama-gguf-split writes them: all metadata in the first part, only `split.*` in the others. */
async function writePart(path: string, { no, count = 3, total = 3, tensor = `t${no}` }: Part): Promise<void> {
  await writeGguf(path, {
    metadata: [
      ...(no === 0 ? SMALL_METADATA : []),
      ["split.no", fixed("u16", no)],
      ["split.count", fixed("u16", count)],
      ["split.tensors.count", fixed("i32", total)],
    ],
    tensors: [zeros(tensor, [32])],
  });
}

beforeEach(async () => {
  folder = join(root, `run-${runs++}`);
  await mkdir(folder);
  for (const no of [0, 1, 2]) await writePart(partPath(no + 1), { no });
});

describe("a model in parts", () => {
  it.each([1, 2, 3])("is one model, whichever part is named (%i)", async (part) => {
    const description = await describeModel(partPath(part));
    expect(description).toMatchObject({
      name: "big",
      path: partPath(1),
      parameters: 96,
      tensorBytes: { F32: 384 },
      layers: 2,
    });
    expect(description.files.map(({ path }) => path)).toEqual([1, 2, 3].map((number) => partPath(number)));
  });

  it("is missing where one of them is, by its name", async () => {
    await rm(partPath(2));
    await expect(describeModel(partPath(3))).rejects.toMatchObject({
      code: "CORRAL_MODEL_MISSING",
      message: expect.stringContaining("big-00002-of-00003.gguf is missing, one of the model's 3 parts"),
    });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["one is another's copy", () => copyFile(partPath(3), partPath(2)), /says that it is part 3 of 3, not 2 of 3/],
    ["one is of another split", () => writePart(partPath(2), { no: 1, count: 4 }), /part 2 of 4/],
    ["a tensor is in two", () => writePart(partPath(2), { no: 1, tensor: "t0" }), /"t0" of another part/],
    ["they hold too few tensors", () => writePart(partPath(1), { no: 0, total: 5 }), /5 tensors, and its parts have 3/],
    ["one is no model", () => writeGguf(partPath(3), { metadata: [], tensors: [] }), /part \? of \?/],
  ])("is broken where %s", async (_, damage, message) => {
    await damage();
    await expect(describeModel(partPath(1))).rejects.toMatchObject({
      code: "CORRAL_MODEL_BROKEN",
      message: expect.stringMatching(message),
    });
  });

  it("is broken where a part was given another name", async () => {
    const renamed = join(folder, "model.gguf");
    await copyFile(partPath(1), renamed);
    await expect(describeModel(renamed)).rejects.toMatchObject({
      code: "CORRAL_MODEL_BROKEN",
      message: expect.stringContaining("NAME-00001-of-00003.gguf"),
    });
  });
});

describe("a model's name", () => {
  it.each([
    ["/m/qwen2.5-0.5b-q4_0.gguf", "qwen2.5-0.5b-q4_0"],
    ["/m/big-00002-of-00003.gguf", "big"],
    ["/m/MODEL.GGUF", "MODEL"],
    ["/m/no-ending", "no-ending"],
    ["/m/a-00001-of-00003.bin", "a-00001-of-00003"],
    ["/m/chatglm3-6b.bin", "chatglm3-6b"],
    ["/m/a.txt", "a.txt"],
  ])("of %s is %s", (path, name) => {
    expect(modelName(path)).toBe(name);
  });
});
