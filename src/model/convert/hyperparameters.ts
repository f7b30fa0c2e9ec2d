import { type ChatglmConfig, MODEL_TYPES, type WeightType } from "../chatglm/layout.ts";
import { f32, type MadeValue, text, u32 } from "../gguf/encode.ts";
import type { ConvertibleType } from "./specials.ts";

/** llama.cpp's number for a file whose matrices are of one type (`llama_ftype` in llama.h). */
const FILE_TYPES: Readonly<Record<WeightType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
};

/** What a GGUF file of architecture "chatglm" says of the model. Pure. */
export function hyperparameters(type: ConvertibleType, config: ChatglmConfig): [string, MadeValue][] {
  return [
    ["general.architecture", text("chatglm")],
    ["general.name", text(MODEL_TYPES[type].title)],
    ["general.file_type", u32(FILE_TYPES[config.dtype])],
    // Of the blocks' layout: scales in half precision, as in chatglm.cpp's ggml.
    ["general.quantization_version", u32(2)],
    ["chatglm.vocab_size", u32(config.vocabulary)],
    ["chatglm.context_length", u32(config.maxLength)],
    ["chatglm.embedding_length", u32(config.hidden)],
    ["chatglm.feed_forward_length", u32(config.ffn)],
    ["chatglm.block_count", u32(config.layers)],
    ["chatglm.attention.head_count", u32(config.heads)],
    ["chatglm.attention.head_count_kv", u32(config.kvHeads)],
    ["chatglm.attention.layer_norm_rms_epsilon", f32(config.normEps)],
    // Half of each head turns (apply_rotary_emb_glm2 in chatglm.cpp).
    ["chatglm.rope.dimension_count", u32(config.hidden / config.heads / 2)],
    ["chatglm.rope.freq_base", f32(config.ropeTheta)],
  ];
}
