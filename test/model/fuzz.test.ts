import fc from "fast-check";
import { describe, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { readHeader } from "../../src/model/gguf/read.ts";
import { memorySource, smallModel, temporaryFolder } from "./kit.ts";

const small = await smallModel(await temporaryFolder());
const HEADER = small.indexOf("blk.0.w") + 64;
/** Bytes: each of the file once, and its first once more to see what it is. */
const budget = (content: Uint8Array): number => content.length + Math.min(content.length, 1024);

/** Reads or throws a CorralError, within the budget. */
async function readsOrRefuses(content: Uint8Array, arrays: "short" | "all"): Promise<void> {
  const source = memorySource(content);
  await readHeader(source, { arrays }).catch((error: unknown) => {
    if (!(error instanceof CorralError) || error.code !== "CORRAL_MODEL_BROKEN") throw error;
  });
  if (source.bytesRead() > budget(content)) throw new Error(`read ${source.bytesRead()} of ${content.length} bytes`);
}

const anyArrays = fc.constantFrom("short", "all") as fc.Arbitrary<"short" | "all">;
/** Bytes that mean something here: large and small numbers, signs, types. */
const anyByte = fc.oneof(fc.constantFrom(0, 1, 8, 9, 0x7f, 0x80, 0xff), fc.nat(255));
const anyPlace = fc.nat(HEADER - 1);

describe("any damage to a valid file", () => {
  it("of a few bytes", async () => {
    const damage = fc.array(fc.tuple(anyPlace, anyByte), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(damage, anyArrays, (changes, arrays) => {
        const content = Buffer.from(small);
        for (const [place, byte] of changes) content[place] = byte;
        return readsOrRefuses(content, arrays);
      }),
      { numRuns: 3000 },
    );
  });

  it("of one run of equal bytes, such as a count or a length", async () => {
    await fc.assert(
      fc.asyncProperty(anyPlace, fc.constantFrom(1, 2, 4, 8, 16), anyByte, anyArrays, (place, length, byte, arrays) =>
        readsOrRefuses(Buffer.from(small).fill(byte, place, place + length), arrays),
      ),
      { numRuns: 3000 },
    );
  });

  it("by cutting a piece out, doubling it, or ending early", async () => {
    const place = fc.nat(small.length);
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom(0, 2), place, anyArrays, (one, other, copies, end, arrays) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const pieces = Array.from({ length: copies }, () => small.subarray(from, to));
        const damaged = Buffer.concat([small.subarray(0, from), ...pieces, small.subarray(to)]);
        return readsOrRefuses(damaged.subarray(0, Math.max(end, to)), arrays);
      }),
      { numRuns: 1500 },
    );
  });

  it("and any bytes after a right beginning", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), anyArrays, (tail, arrays) =>
        readsOrRefuses(Buffer.concat([small.subarray(0, 24), tail]), arrays),
      ),
      { numRuns: 1000 },
    );
  });
});
