import fc from "fast-check";
import { describe, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { readChatglmHeader } from "../../src/model/chatglm/read.ts";
import { smallChatglm } from "./chatglm-kit.ts";
import { memorySource } from "./kit.ts";

const small = ([1, 3, 1004] as const).map((type) => smallChatglm({ type }));
/** Named by its type, so that a counterexample can be read. */
const anyModel = fc.constantFrom(
  ...small.map((content, index) => ({ content, toString: () => `type ${[1, 3, 1004][index]}` })),
);
const SHORTEST = Math.min(...small.map(({ length }) => length));
/** Bytes: a window for each of the tensors, of which there are 43 at most, and for what comes before them. */
const BUDGET = (2 * 43 + 8) * 512;

/** Reads or throws a CorralError, within the budget. */
async function readsOrRefuses(content: Uint8Array): Promise<void> {
  const source = memorySource(content);
  await readChatglmHeader(source).catch((error: unknown) => {
    if (error instanceof CorralError && /^CORRAL_MODEL_(BROKEN|UNSUPPORTED)$/.test(error.code)) return;
    throw error;
  });
  if (source.bytesRead() > BUDGET) throw new Error(`read ${source.bytesRead()} bytes`);
}

/** Bytes that mean something here: large and small numbers, signs, types. */
const anyByte = fc.oneof(fc.constantFrom(0, 1, 2, 8, 0x7f, 0x80, 0xff), fc.nat(255));
/** Most often in the head, where each byte means something. */
const anyPlace = fc.oneof(fc.nat(200), fc.nat(SHORTEST - 20));

describe("any damage to a valid .bin file", () => {
  it("of a few bytes", async () => {
    const damage = fc.array(fc.tuple(anyPlace, anyByte), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anyModel, damage, (model, changes) => {
        const content = Buffer.from(model.content);
        for (const [place, byte] of changes) content[place] = byte;
        return readsOrRefuses(content);
      }),
      { numRuns: 3000 },
    );
  });

  it("of one run of equal bytes, such as a count or a length", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyModel,
        anyPlace,
        fc.constantFrom(1, 2, 4, 8, 16),
        anyByte,
        ({ content }, place, length, byte) => readsOrRefuses(Buffer.from(content).fill(byte, place, place + length)),
      ),
      { numRuns: 3000 },
    );
  });

  it("by cutting a piece out, doubling it, or ending early", async () => {
    const place = fc.nat(SHORTEST);
    await fc.assert(
      fc.asyncProperty(
        anyModel,
        place,
        place,
        fc.constantFrom(0, 2),
        place,
        ({ content: model }, one, other, copies, end) => {
          const [from, to] = [Math.min(one, other), Math.max(one, other)];
          const pieces = Array.from({ length: copies }, () => model.subarray(from, to));
          const damaged = Buffer.concat([model.subarray(0, from), ...pieces, model.subarray(to)]);
          return readsOrRefuses(damaged.subarray(0, Math.max(end, to)));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("and any bytes after a right beginning", async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, fc.uint8Array({ maxLength: 400 }), ({ content }, tail) =>
        readsOrRefuses(Buffer.concat([content.subarray(0, 64), tail])),
      ),
      { numRuns: 1000 },
    );
  });
});
