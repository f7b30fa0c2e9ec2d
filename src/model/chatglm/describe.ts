import { modelName } from "../../model-name.ts";
import type { ModelDescription } from "../description.ts";
import { weightsOf } from "../gguf/types.ts";
import { groupMatrices } from "../matrices.ts";
import { bytesByType, largestType } from "../tensor-bytes.ts";
import { MODEL_TYPES } from "./layout.ts";
import type { ChatglmFile } from "./read.ts";

/** Pure. */
export function describeChatglm({ path, size, type, version, config, tensors }: ChatglmFile): ModelDescription {
  const tensorBytes = bytesByType(tensors);
  return {
    path,
    name: modelName(path),
    format: "chatglm",
    formatVersion: version,
    architecture: MODEL_TYPES[type].architecture,
    parameters: tensors.reduce((sum, { shape }) => sum + weightsOf(shape), 0),
    quantisation: largestType(tensorBytes),
    contextLength: config.maxLength,
    layers: config.layers,
    embeddingLength: config.hidden,
    heads: config.heads,
    kvHeads: config.kvHeads,
    headDim: config.hidden / config.heads,
    vocabulary: config.vocabulary,
    // How a chat becomes a prompt is in the engine's code, by the type.
    chatTemplate: null,
    files: [{ path, bytes: size }],
    tensorBytes,
    matrices: groupMatrices(
      tensors.map((tensor) => ({ ...tensor, shape: tensor.shape.toReversed() })),
      (name) => (name.endsWith("word_embeddings.weight") ? "looked up" : "multiplied"),
    ),
    purpose: "text",
  };
}
