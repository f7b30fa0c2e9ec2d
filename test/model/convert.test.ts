import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { readChatglm } from "../../src/model/chatglm/read.ts";
import {
  MODEL_KINDS,
  PIECE_TYPES,
  type PieceType,
  type SentencePieceModel,
} from "../../src/model/chatglm/sentencepiece.ts";
import { convertChatglm } from "../../src/model/convert/convert.ts";
import { whyNotConvertible } from "../../src/model/convert/convertible.ts";
import { isReachable, mergesOf } from "../../src/model/convert/merges.ts";
import { convertSentencePiece, sentencePieceObstacle } from "../../src/model/convert/sentencepiece.ts";
import { chatTemplate } from "../../src/model/convert/template.ts";
import { ggufName, ggufShape } from "../../src/model/convert/tensors.ts";
import { convertTiktoken, spelling, tiktokenObstacle } from "../../src/model/convert/tiktoken.ts";
import { describeModel } from "../../src/model/describe.ts";
import { type GgufFile, readGguf } from "../../src/model/gguf/read.ts";
import { temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();

const stored = ({ metadata }: GgufFile, key: string): unknown => {
  const value = metadata.get(key);
  return value?.type === "array" ? value.values : value?.value;
};

describe("names and shapes of tensors", () => {
  it.each([
    ["transformer.embedding.word_embeddings.weight", "token_embd.weight"],
    ["transformer.encoder.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight"],
    ["transformer.encoder.layers.27.self_attention.query_key_value.weight", "blk.27.attn_qkv.weight"],
    ["transformer.encoder.layers.27.self_attention.query_key_value.bias", "blk.27.attn_qkv.bias"],
    ["transformer.encoder.layers.3.self_attention.dense.weight", "blk.3.attn_output.weight"],
    ["transformer.encoder.layers.3.post_attention_layernorm.weight", "blk.3.ffn_norm.weight"],
    ["transformer.encoder.layers.3.mlp.dense_h_to_4h.weight", "blk.3.ffn_up.weight"],
    ["transformer.encoder.layers.3.mlp.dense_4h_to_h.weight", "blk.3.ffn_down.weight"],
    ["transformer.encoder.final_layernorm.weight", "output_norm.weight"],
    ["transformer.output_layer.weight", "output.weight"],
  ])("%s is %s", (name, expected) => {
    expect(ggufName(name)).toBe(expected);
  });

  it("turns rows and columns around", () => {
    expect(ggufShape([65_024, 4096])).toEqual([4096, 65_024]);
    expect(ggufShape([4608])).toEqual([4608]);
  });

  it("knows no others", () => {
    expect(() => ggufName("transformer.layers.0.attention.dense.bias")).toThrow("no GGUF name");
  });
});

describe("merges of a list of ranks", () => {
  it("are all ways to cut a token in two, by rank, the longer left part first", () => {
    expect(mergesOf(["a", "b", "c", "ab", "bc", "abc", "aa", "aaa"])).toEqual([
      "a b",
      "b c",
      "ab c",
      "a bc",
      "a a",
      "aa a",
      "a aa",
    ]);
  });

  it("lead to a token, or don't", () => {
    const ranks = (...tokens: string[]) => new Map(tokens.map((token, rank) => [token, rank]));
    expect(isReachable("abc", ranks("a", "b", "c", "bc", "abc"))).toBe(true);
    // "bc" is joined first, and then nothing joins "a" with "bcd".
    expect(isReachable("abcd", ranks("a", "b", "c", "d", "bc", "ab", "cd", "abcd"))).toBe(false);
    expect(isReachable("a", ranks("a"))).toBe(true);
  });

  it("spell bytes as GPT-2 does", () => {
    expect(spelling(Buffer.from(" a\n"))).toBe("ĠaĊ");
    expect(spelling(Buffer.from("你"))).toBe("ä½ł");
  });
});

const model = (
  pieces: [string, number, PieceType?][],
  change: object = {},
  normalizer: object = {},
): SentencePieceModel => ({
  pieces: pieces.map(([piece, score, type = PIECE_TYPES.normal]) => ({ piece, score, type })),
  trainer: {
    modelType: MODEL_KINDS.bpe,
    vocabSize: pieces.length,
    treatWhitespaceAsSuffix: false,
    byteFallback: true,
    unk: 0,
    bos: 1,
    eos: 2,
    pad: -1,
    ...change,
  },
  normalizer: {
    name: "identity",
    charsMap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: false,
    escapeWhitespaces: true,
    ...normalizer,
  },
});

const PIECES: [string, number, PieceType?][] = [
  ["<unk>", 0, PIECE_TYPES.unknown],
  ["</s>", 0, PIECE_TYPES.control],
  ["<0x0A>", 0, PIECE_TYPES.byte],
  ["▁你", -1.5],
];

describe("a SentencePiece tokenizer", () => {
  it("keeps texts and scores, and marks what no text may become", () => {
    expect(convertSentencePiece(model(PIECES)).tokens).toEqual([
      { text: "\ufdd0<unk>", type: 2, score: 0 },
      { text: "\ufdd0</s>", type: 3, score: 0 },
      { text: "<0x0A>", type: 6, score: 0 },
      { text: "▁你", type: 1, score: -1.5 },
    ]);
    expect(sentencePieceObstacle(model(PIECES))).toBeNull();
  });

  it.each([
    ["another kind", model(PIECES, { modelType: MODEL_KINDS.unigram }), "joins pairs"],
    ["no bytes", model(PIECES, { byteFallback: false }), "no bytes"],
    ["rules", model(PIECES, {}, { name: "nmt_nfkc", charsMap: Uint8Array.of(1) }), "nmt_nfkc"],
    ["joined blanks", model(PIECES, {}, { removeExtraWhitespaces: true }), "joins blanks"],
    ["blanks as they are", model(PIECES, {}, { escapeWhitespaces: false }), "blanks in another way"],
    ["blanks behind words", model(PIECES, { treatWhitespaceAsSuffix: true }), "blanks in another way"],
    ["user's pieces", model([...PIECES, ["<n>", 0, PIECE_TYPES.userDefined]]), "matched before all others"],
    ["unused pieces", model([...PIECES, ["x", 0, PIECE_TYPES.unused]]), "not to be used"],
    ["a piece twice", model([...PIECES, ["▁你", -2]]), "twice"],
    ["line breaks", model([...PIECES, ["\n▁", -2]]), "line's end"],
    ["a byte's name in pieces", model([...PIECES, ["<0x", -2], ["0A>", -3]]), "name of a byte"],
    ["llama.cpp's words", model([...PIECES, ["<|im_end|>", -2]]), '"<|im_end|>"'],
  ])("with %s is not convertible", (_, given, why) => {
    expect(sentencePieceObstacle(given)).toContain(why);
  });

  it("that knows the mark gets another", () => {
    const [unknown] = convertSentencePiece(model([...PIECES, ["\ufdd0", -2], ["a\ufdd1", -3]])).tokens;
    expect(unknown?.text).toBe("\ufdd2<unk>");
    expect(convertTiktoken([Buffer.from("\ufdd0"), Buffer.from("a")]).mark).toBe("\ufdd1");
  });

  it("of GPT's kind is not, where llama.cpp takes a token for special", () => {
    expect(tiktokenObstacle([Buffer.from("<"), Buffer.from("</s>")])).toContain('"</s>"');
    expect(tiktokenObstacle([Buffer.from("<"), Buffer.from("</sp")])).toBeNull();
  });
});

describe("chat templates", () => {
  it("begin every prompt with the two tokens that chatglm.cpp puts there", () => {
    expect(chatTemplate(2, { prefixed: true, mark: "\ufdd0" })).toContain("'\ufdd0[gMASK]\ufdd0sop'");
    expect(chatTemplate(3, { prefixed: true, mark: "\ufdd0" })).toContain("'\ufdd0[gMASK]\ufdd0sop'");
    expect(chatTemplate(4, { prefixed: false, mark: "\ufdd0" })).toContain("'\ufdd0[gMASK]\ufdd0<sop>'");
  });
});

describe("which files are converted", () => {
  it.each([
    ["chatglm", "both directions"],
    ["glm4v", "GLM-4V"],
    ["llama", "not chatglm.cpp's"],
  ])("%s is not", (architecture, why) => {
    expect(whyNotConvertible({ architecture })).toContain(why);
  });

  it.each(["chatglm2", "chatglm3", "glm4"])("%s is, unless its file says otherwise", (architecture) => {
    expect(whyNotConvertible({ architecture })).toBeNull();
    expect(whyNotConvertible({ architecture, unconvertible: "no" })).toBe("no");
  });
});

describe("converting a file", () => {
  it.each([
    [2, "q4_0", { "tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "chatglm-spm" }],
    [3, "q8_0", { "tokenizer.ggml.model": "llama", "tokenizer.ggml.add_space_prefix": true }],
    [4, "f16", { "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "chatglm-bpe" }],
  ] as const)("of type %i in %s keeps each weight's bytes", async (type, quantisation, expected) => {
    const path = join(folder, `${type}.bin`);
    const out = join(folder, `${type}.gguf`);
    await writeRandomChatglm(path, { type, quantisation });
    await convertChatglm(path, out);

    const [from, to] = [await readChatglm(path), await readGguf(out, { arrays: "all" })];
    const [before, after] = [await readFile(path), await readFile(out)];
    expect(to.tensors.map(({ name }) => name)).toEqual(from.tensors.map(({ name }) => ggufName(name)));
    for (const [index, { offset, bytes, type: weights, shape }] of from.tensors.entries()) {
      const tensor = to.tensors[index];
      expect(tensor).toMatchObject({ type: weights, bytes, shape: [...shape].reverse() });
      const start = tensor?.offset ?? 0;
      expect(after.subarray(start, start + bytes).equals(before.subarray(offset, offset + bytes))).toBe(true);
    }

    const { config } = from;
    const tokens = stored(to, "tokenizer.ggml.tokens") as string[];
    const types = stored(to, "tokenizer.ggml.token_type") as number[];
    expect(tokens).toHaveLength(config.vocabulary);
    expect(new Set(tokens).size).toBe(config.vocabulary);
    const padding = tokens.flatMap((token, id) => (token.startsWith("\ufdd0[PAD") ? [id] : []));
    expect(stored(to, "tokenizer.ggml.suppress_tokens")).toEqual(padding);
    expect(new Set(padding.map((id) => types[id]))).toEqual(new Set([5]));
    const ids = {
      "<|user|>": tokens.indexOf("\ufdd0<|user|>"),
      "<|observation|>": tokens.indexOf("\ufdd0<|observation|>"),
    };
    expect(Object.fromEntries([...to.metadata.keys()].map((key) => [key, stored(to, key)]))).toMatchObject({
      "general.architecture": "chatglm",
      "chatglm.context_length": 2048,
      "chatglm.embedding_length": 128,
      "chatglm.feed_forward_length": 256,
      "chatglm.block_count": 2,
      "chatglm.attention.head_count": 4,
      "chatglm.attention.head_count_kv": 2,
      "chatglm.rope.dimension_count": 16,
      "chatglm.rope.freq_base": 10_000,
      "tokenizer.ggml.eos_token_id": config.eos,
      "tokenizer.ggml.add_bos_token": false,
      ...(type === 2
        ? {}
        : { "tokenizer.ggml.eot_token_id": ids["<|user|>"], "tokenizer.ggml.eom_token_id": ids["<|observation|>"] }),
      ...expected,
    });
  });

  it("refuses what llama.cpp can't run, and says so in a description", async () => {
    const path = join(folder, "first.bin");
    await writeRandomChatglm(path, { type: 1 });
    const out = join(folder, "first.gguf");
    await expect(convertChatglm(path, out)).rejects.toMatchObject({
      code: "CORRAL_MODEL_UNSUPPORTED",
      message: expect.stringContaining("both directions"),
    });
    await expect(stat(out)).rejects.toThrow("ENOENT");
    expect(whyNotConvertible(await describeModel(path))).toContain("both directions");
  });

  it("refuses to write over the model, by whatever name", async () => {
    const path = join(folder, "same.bin");
    await writeRandomChatglm(path, { type: 3 });
    const before = await readFile(path);
    await expect(convertChatglm(path, join(folder, ".", "same.bin"))).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
    });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it("leaves nothing behind when it is aborted", async () => {
    const path = join(folder, "aborted.bin");
    await writeRandomChatglm(path, { type: 3 });
    const out = join(folder, "aborted.gguf");
    const abort = new AbortController();
    const onProgress = (): void => abort.abort(new Error("enough"));
    await expect(convertChatglm(path, out, { signal: abort.signal, onProgress })).rejects.toThrow("enough");
    await expect(stat(out)).rejects.toThrow("ENOENT");
  });

  it("says what is broken", async () => {
    const path = join(folder, "cut.bin");
    await writeRandomChatglm(path, { type: 3 });
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 1));
    await expect(convertChatglm(path, join(folder, "cut.gguf"))).rejects.toMatchObject({ code: "CORRAL_MODEL_BROKEN" });
  });
});
