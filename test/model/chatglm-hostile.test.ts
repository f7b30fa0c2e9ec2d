import { describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import type { WantedTensor } from "../../src/model/chatglm/layout.ts";
import { readChatglmHeader } from "../../src/model/chatglm/read.ts";
import { smallChatglm, withFloat, withInt } from "./chatglm-kit.ts";
import { memorySource } from "./kit.ts";

async function failure(content: Uint8Array, size?: number): Promise<CorralError> {
  const error = await readChatglmHeader(memorySource(content, size)).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CorralError)) throw new Error(`expected a CorralError, not ${error}`);
  expect(error.facts.path).toBe("/models/test.gguf");
  return error;
}

const small = smallChatglm();
/** Where things are in it: the record's numbers by their place, and what comes after. */
const field = (index: number): number => 12 + 4 * index;
const TOKENIZER = field(13);
const FIRST_TENSOR = TOKENIZER + 4 + "token".length;
const FIRST_NAME = "transformer.embedding.word_embeddings.weight";
const FIRST_SHAPE = FIRST_TENSOR + 4 + FIRST_NAME.length;

const changed = (name: string, change: Partial<WantedTensor> | null): Buffer =>
  smallChatglm({
    change: (tensor) => (tensor.name.endsWith(name) ? change && { ...tensor, ...change } : tensor),
  });

describe("a broken head", () => {
  it.each<[string, Buffer, RegExp]>([
    ["another magic", Buffer.concat([Buffer.from("GGUF"), small.subarray(4)]), /is not a model of chatglm\.cpp/],
    ["no more than the magic", small.subarray(0, 4), /ends in the middle of its type and version/],
    ["version 0", withInt(small, 8, 0), /ChatGLM3 model in the unknown version 0/],
    ["version 3", withInt(small, 8, 3), /unknown version 3/],
    ["GLM4 in version 1", withInt(smallChatglm({ type: 4 }), 8, 1), /GLM4 model in the unknown version 1/],
    ["half a configuration", small.subarray(0, 40), /ends in the middle of its configuration/],
    ["an unknown type of weights", withInt(small, field(0), 4), /unknown type 4/],
    ["a type that only others know", withInt(small, field(0), 12), /unknown type 12/],
    ["no tokens", withInt(small, field(1), 0), /vocabulary is 0/],
    ["fewer than no tokens", withInt(small, field(1), -5), /vocabulary is -5/],
    ["2^31 tokens", withInt(small, field(1), 2 ** 31 - 1), /vocabulary is 2147483647/],
    ["a hidden size of -1", withInt(small, field(2), -1), /hidden size is -1/],
    ["an absurd hidden size", withInt(small, field(2), 2 ** 30), /hidden size is 1073741824/],
    ["no heads", withInt(small, field(3), 0), /number of heads is 0/],
    ["heads that don't divide", withInt(small, field(3), 3), /3 heads in 16 dimensions/],
    ["heads too small to turn", withInt(small, field(3), 8), /8 heads in 16 dimensions/],
    ["more heads for keys than heads", withInt(small, field(4), 8), /8 for keys and values/],
    ["a billion layers", withInt(small, field(5), 1e9), /number of layers is 1000000000/],
    ["no feed-forward", withInt(small, field(6), 0), /feed-forward size is 0/],
    ["an epsilon that is no number", withFloat(small, field(7), Number.NaN), /epsilon of norms is NaN/],
    ["an endless rotary base", withFloat(small, field(9), Number.POSITIVE_INFINITY), /rotary base is Infinity/],
    ["a negative prefix", withInt(small, field(8), -1), /number of virtual tokens is -1/],
    ["no length", withInt(small, field(10), 0), /greatest length is 0/],
    ["an end beyond the vocabulary", withInt(small, field(11), 6), /token 6 ends an answer/],
    ["rows of half blocks", withInt(small, field(0), 2), /Q4_0 weights in rows of 16/],
    ["no tokenizer", withInt(small, TOKENIZER, 0), /tokenizer has 0 bytes/],
    ["a negative tokenizer", withInt(small, TOKENIZER, -1), /tokenizer has -1 bytes/],
    ["a tokenizer of a gigabyte", withInt(small, TOKENIZER, 2 ** 30), /tokenizer has 1073741824 bytes/],
    ["a tokenizer longer than the file", withInt(small, TOKENIZER, 2 ** 20), /ends in the middle of its tokenizer/],
    ["absurd vision", withInt(smallChatglm({ type: 1004 }), TOKENIZER + 4, -1), /hidden size of vision is -1/],
  ])("%s", async (_, content, message) => {
    const error = await failure(content);
    expect(error.code).toBe("CORRAL_MODEL_BROKEN");
    expect(error.message).toMatch(message);
  });

  it.each<[string, Buffer, RegExp]>([
    ["an unknown type", withInt(small, 4, 5), /of type 5, which chatglm\.cpp does not know/],
    ["a negative type", withInt(small, 4, -1), /of type -1/],
    ["p-tuning of ChatGLM-6B", withInt(smallChatglm({ type: 1 }), field(8), 4), /p-tuning, which chatglm\.cpp can't/],
  ])("%s is not supported", async (_, content, message) => {
    const error = await failure(content);
    expect(error.code).toBe("CORRAL_MODEL_UNSUPPORTED");
    expect(error.message).toMatch(message);
  });
});

describe("broken tensors", () => {
  it.each<[string, Buffer, RegExp]>([
    ["a name of no length", withInt(small, FIRST_TENSOR, 0), /name of 0 bytes in its tensors \(1 of 17\)/],
    ["a name of negative length", withInt(small, FIRST_TENSOR, -4), /name of -4 bytes/],
    ["an endless name", withInt(small, FIRST_TENSOR, 2 ** 31 - 1), /name of 2147483647 bytes/],
    ["no dimensions", withInt(small, FIRST_SHAPE, 0), /tensor of 0 dimensions/],
    ["five dimensions", withInt(small, FIRST_SHAPE, 5), /tensor of 5 dimensions/],
    ["-1 dimensions", withInt(small, FIRST_SHAPE, -1), /tensor of -1 dimensions/],
    [
      "other rows",
      withInt(small, FIRST_SHAPE + 4, 7),
      /of 7 x 16 \(F32\), where its configuration wants 6 x 16 \(F32\)/,
    ],
    ["negative rows", withInt(small, FIRST_SHAPE + 4, -6), /of -6 x 16/],
    ["another type", withInt(small, FIRST_SHAPE + 12, 1), /of 6 x 16 \(F16\), where/],
    ["an unknown type", withInt(small, FIRST_SHAPE + 12, 99), /unknown type 99/],
    ["rows and columns changed over", changed("word_embeddings.weight", { shape: [16, 6] }), /of 16 x 6/],
    ["a norm in half precision", changed("final_layernorm.weight", { type: "F16" }), /16 \(F16\), where .* 16 \(F32\)/],
    ["one missing", changed("output_layer.weight", null), /cut short: it lacks 1 of its 17 tensors, .*output_layer/],
    ["a strange one", changed("output_layer.weight", { name: "other" }), /the strange tensor "other"/],
    [
      "one twice",
      changed("output_layer.weight", { name: FIRST_NAME }),
      /has the tensor "transformer.embedding.word_embeddings.weight" twice/,
    ],
    ["a byte behind them", Buffer.concat([small, Buffer.alloc(1)]), /has 1 bytes after its last tensor/],
    ["more behind them", Buffer.concat([small, small.subarray(FIRST_TENSOR)]), /bytes after its last tensor/],
  ])("%s", async (_, content, message) => {
    const error = await failure(content);
    expect(error.code).toBe("CORRAL_MODEL_BROKEN");
    expect(error.message).toMatch(message);
  });

  it("are not looked for beyond what the file has", async () => {
    const huge = withInt(withInt(small, field(1), 2 ** 24), FIRST_SHAPE + 4, 2 ** 24);
    const source = memorySource(huge);
    await expect(readChatglmHeader(source)).rejects.toThrow(/ends in the middle of its tensor "transformer\.embedding/);
    expect(source.bytesRead()).toBeLessThan(4 * 512);
  });
});

describe("a .bin file cut short", () => {
  it.each([1, 3, 4, 1004] as const)("is broken wherever the cut is (type %i)", async (type) => {
    const whole = smallChatglm({ type });
    for (let length = 0; length < whole.length; length += length < 400 ? 1 : 7) {
      expect((await failure(whole.subarray(0, length))).code).toBe("CORRAL_MODEL_BROKEN");
    }
  });

  it("is broken where it becomes shorter while it is read", async () => {
    const lastHead = small.lastIndexOf("transformer.output_layer.weight");
    for (let length = 4; length < lastHead; length += 11) await failure(small.subarray(0, length), small.length);
  });
});
