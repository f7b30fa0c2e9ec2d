import { CorralError } from "../../errors.ts";
import type { RowsFirst } from "../chatglm/layout.ts";
import type { Shape } from "../gguf/types.ts";

/** Names in chatglm.cpp, and in llama.cpp's architecture "chatglm" (`MODEL_TENSORS` of gguf-py). */
const WHOLE: Readonly<Record<string, string>> = {
  "transformer.embedding.word_embeddings.weight": "token_embd.weight",
  "transformer.encoder.final_layernorm.weight": "output_norm.weight",
  "transformer.output_layer.weight": "output.weight",
};

const IN_LAYER: Readonly<Record<string, string>> = {
  "input_layernorm.weight": "attn_norm.weight",
  "self_attention.query_key_value.weight": "attn_qkv.weight",
  "self_attention.query_key_value.bias": "attn_qkv.bias",
  "self_attention.dense.weight": "attn_output.weight",
  "post_attention_layernorm.weight": "ffn_norm.weight",
  // Both have the gate's rows first.
  "mlp.dense_h_to_4h.weight": "ffn_up.weight",
  "mlp.dense_4h_to_h.weight": "ffn_down.weight",
};

const LAYER = /^transformer\.encoder\.layers\.(?<layer>\d+)\.(?<part>.+)$/;

/** A tensor's name in GGUF. Pure. */
export function ggufName(name: string): string {
  const { layer, part = "" } = LAYER.exec(name)?.groups ?? {};
  const own = IN_LAYER[part];
  const converted = own === undefined ? WHOLE[name] : `blk.${layer}.${own}`;
  if (converted !== undefined) return converted;
  throw new CorralError("CORRAL_INTERNAL", `there is no GGUF name for the tensor ${name}. Report this.`);
}

/** GGUF has the length of a row first. */
export const ggufShape = (shape: RowsFirst): Shape => [...shape].reverse();
