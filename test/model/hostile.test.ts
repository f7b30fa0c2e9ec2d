import { describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { readHeader } from "../../src/model/gguf/read.ts";
import { header, le32, le64, memorySource, sized, smallModel, temporaryFolder, tensorEntry } from "./kit.ts";

const small = await smallModel(await temporaryFolder());

async function failure(content: Uint8Array, size?: number): Promise<CorralError> {
  const error = await readHeader(memorySource(content, size)).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CorralError)) throw new Error(`expected a CorralError, not ${error}`);
  expect(error.code).toBe("CORRAL_MODEL_BROKEN");
  expect(error.facts.path).toBe("/models/test.gguf");
  return error;
}

const [U8, U32, F32, STRING, ARRAY] = [0, 4, 6, 8, 9].map(le32) as [Buffer, Buffer, Buffer, Buffer, Buffer];
const MOST = 2n ** 64n - 1n;
const key = (name: string, ...value: Buffer[]): Buffer => Buffer.concat([sized(name), ...value]);
/** The data of one tensor of 32 F32, and the filling before it. */
const data = Buffer.alloc(32 + 128);
const withTensors = (...entries: Buffer[]): Buffer => header(entries.length, 0, ...entries, data, data);

describe("a broken header", () => {
  it.each<[string, Buffer, RegExp]>([
    ["no more than the magic", Buffer.from("GGUF"), /ends in the middle/],
    ["version 1", Buffer.concat([Buffer.from("GGUF"), le32(1), data]), /version 1/],
    ["version 0", Buffer.concat([Buffer.from("GGUF"), le32(0), data]), /unknown version 0/],
    ["a later version", Buffer.concat([Buffer.from("GGUF"), le32(4), data]), /unknown version 4/],
    ["big-endian", Buffer.concat([Buffer.from("GGUF"), Buffer.from([0, 0, 0, 3]), data]), /big-endian/],
    ["absurdly many tensors", header(MOST, 0, data), /which no model has/],
    ["absurdly many keys", header(0, 2n ** 40n, data), /which no model has/],
    ["more keys than bytes", header(0, 60_000, data), /too short for them/],
    ["more tensors than bytes", header(100_000, 0, data), /too short for them/],
    [
      "a key longer than the file",
      header(0, 1, le64(60_000), data),
      /ends in the middle of its metadata \(key 1 of 1\)/,
    ],
    ["a key longer than allowed", header(0, 1, le64(MOST), data), /more than the 65535 allowed/],
    ["an empty key", header(0, 1, key("", U8), data), /without a key/],
    ["a key twice", header(0, 2, key("a", U8, Buffer.of(1)), key("a", U8, Buffer.of(1)), data), /"a" twice/],
    ["an unknown type of value", header(0, 1, key("a", le32(13)), data), /unknown type 13/],
    ["a text longer than the file", header(0, 1, key("a", STRING, le64(MOST)), data), /ends in the middle/],
    ["an array longer than the file", header(0, 1, key("a", ARRAY, F32, le64(2n ** 62n)), data), /too short for it/],
    ["a long array of texts", header(0, 1, key("a", ARRAY, STRING, le64(2n ** 61n)), data), /too short for it/],
    [
      "texts in an array longer than the file",
      header(0, 1, key("a", ARRAY, STRING, le64(2), le64(2n ** 50n)), data),
      /ends in/,
    ],
    ["an array of an unknown type", header(0, 1, key("a", ARRAY, le32(77), le64(1)), data), /unknown type 77/],
    ["arrays nested too deep", header(0, 1, key("a", ...deep(5)), data), /nested too deep/],
    ["an alignment of 0", header(0, 1, key("general.alignment", U32, le32(0)), data), /power of two/],
    ["an alignment of 24", header(0, 1, key("general.alignment", U32, le32(24)), data), /power of two/],
    ["an alignment that is a text", header(0, 1, key("general.alignment", STRING, sized("32")), data), /power of two/],
  ])("%s", async (_, content, message) => {
    expect((await failure(content)).message).toMatch(message);
  });

  it("with too many arrays in an array", async () => {
    const empty = Buffer.concat([U8, le64(0)]);
    const many = Buffer.concat(Array.from({ length: 70_000 }, () => empty));
    expect((await failure(header(0, 1, key("a", ARRAY, ARRAY, le64(70_000), many)))).message).toMatch(/too often/);
  });

  it("that claims gigabytes is not read for them", async () => {
    const source = memorySource(header(0, 1, key("a", STRING, le64(2 ** 38))), 2 ** 40);
    await expect(readHeader(source)).rejects.toThrow("header of more than 256 MiB");
    expect(source.bytesRead()).toBeLessThan(1000);
  });
});

function deep(depth: number): Buffer[] {
  return Array.from({ length: depth }, () => [ARRAY, le64(1)])
    .flat()
    .toSpliced(0, 0, ARRAY)
    .concat([U8, le64(0)]);
}

describe("a broken tensor table", () => {
  it.each<[string, Buffer, RegExp]>([
    ["a name longer than allowed", withTensors(tensorEntry("x".repeat(64), [32], 0, 0)), /more than the 63 allowed/],
    ["no name", withTensors(tensorEntry("", [32], 0, 0)), /without a name/],
    ["a name twice", withTensors(tensorEntry("t", [32], 0, 0), tensorEntry("t", [32], 0, 128)), /"t" twice/],
    ["5 dimensions", withTensors(tensorEntry("t", [1, 1, 1, 1, 1], 0, 0)), /5 dimensions/],
    ["2^32 dimensions", withTensors(Buffer.concat([sized("t"), le32(0xffff_ffff)]), data), /4294967295 dimensions/],
    ["a product beyond 2^64", withTensors(tensorEntry("t", [2n ** 33n, 2n ** 33n], 0, 0)), /impossible shape/],
    [
      "a product that overflows to 0",
      withTensors(tensorEntry("t", [2n ** 32n, 2n ** 32n, 0], 0, 0)),
      /impossible shape/,
    ],
    ["a row that is no whole block", withTensors(tensorEntry("t", [31], 2, 0)), /impossible shape 31 \(Q4_0\)/],
    ["an unknown type", withTensors(tensorEntry("t", [32], 4, 0)), /unknown type 4/],
    ["data beyond the end", withTensors(tensorEntry("t", [2 ** 20], 0, 0)), /is cut short/],
    ["an offset beyond the end", withTensors(tensorEntry("t", [32], 0, 2 ** 40)), /at offset/],
    ["an offset of 2^64", withTensors(tensorEntry("t", [32], 0, MOST)), /at offset/],
    ["an offset between", withTensors(tensorEntry("t", [8], 0, 4)), /where 0 follows/],
    ["overlapping", withTensors(tensorEntry("t", [32], 0, 0), tensorEntry("u", [32], 0, 64)), /where 128 follows/],
  ])("%s", async (_, content, message) => {
    expect((await failure(content)).message).toMatch(message);
  });
});

describe("a file cut short", () => {
  it("is broken wherever the cut is", async () => {
    const { dataOffset, tensors } = await readHeader(memorySource(small));
    const end = Math.max(...tensors.map(({ offset, bytes }) => offset + bytes));
    for (let length = 0; length < end; length += length < dataOffset ? 1 : 37) {
      await failure(small.subarray(0, length));
    }
    // The filling after the last tensor may be missing.
    await expect(readHeader(memorySource(small.subarray(0, end)))).resolves.toBeDefined();
  });

  it("is broken where it becomes shorter while it is read", async () => {
    const { dataOffset } = await readHeader(memorySource(small));
    for (let length = 0; length < dataOffset - 32; length += 7) await failure(small.subarray(0, length), small.length);
  });
});
