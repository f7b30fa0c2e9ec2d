import { CorralError } from "../../errors.ts";
import { modelName } from "../../model-name.ts";
import { broken } from "../broken.ts";
import type { MatrixGroup, ModelDescription, Purpose } from "../description.ts";
import { groupMatrices } from "../matrices.ts";
import type { ModelParts } from "../parts.ts";
import { bytesByType, largestType } from "../tensor-bytes.ts";
import { weightsOf } from "./types.ts";
import type { GgufTensor, GgufValue, Scalar } from "./value.ts";

/** Architectures of llama.cpp v0.5.0 (llama-arch.cpp) that encode text and don't write any. */
const ENCODERS = new Set([
  "bert",
  "modern-bert",
  "nomic-bert",
  "nomic-bert-moe",
  "neo-bert",
  "jina-bert-v2",
  "jina-bert-v3",
  "eurobert",
  "gemma-embedding",
  "llama-embed",
  "t5encoder",
]);

/** What goes with a model and isn't one, by `general.type` (of gguf-py) or by architecture. */
const COMPANIONS: Readonly<Record<string, string>> = {
  adapter: "a LoRA adapter",
  mmproj: "a projector for images or sound",
  clip: "a projector for images or sound",
  imatrix: "an importance matrix",
  vocab: "a vocabulary",
};

/** Describes a model by the headers of all its files. Pure. Throws CORRAL_MODEL_BROKEN or CORRAL_MODEL_UNSUPPORTED. */
export function describeParts(parts: ModelParts): ModelDescription {
  const [first] = parts;
  const tensors = parts.flatMap((part) => part.tensors);
  const header = new Header(first.path, first.metadata);
  const architecture = header.text("general.architecture");
  if (architecture === null || !/^[\w.-]{1,64}$/.test(architecture)) {
    throw broken(first.path, "does not say its architecture (general.architecture), or says nonsense");
  }
  requireModel(first.path, header, architecture, tensors);

  const own = (key: string): string => `${architecture}.${key}`;
  const tensorBytes = bytesByType(tensors);
  const embeddingLength = header.require(own("embedding_length"));
  const heads = header.count(own("attention.head_count")) ?? 0;
  return {
    path: first.path,
    name: modelName(first.path),
    format: "gguf",
    formatVersion: first.version,
    architecture,
    parameters: tensors.reduce((sum, { shape }) => sum + weightsOf(shape), 0),
    quantisation: largestType(tensorBytes),
    contextLength: header.count(own("context_length")),
    layers: header.require(own("block_count")),
    embeddingLength,
    heads,
    kvHeads: header.count(own("attention.head_count_kv")) ?? heads,
    headDim: header.count(own("attention.key_length")) ?? (heads > 0 ? Math.floor(embeddingLength / heads) : 0),
    vocabulary: vocabulary(header, architecture, tensors),
    chatTemplate: header.text("tokenizer.chat_template"),
    files: parts.map(({ path, bytes }) => ({ path, bytes })),
    tensorBytes,
    matrices: groupMatrices(tensors, usesOf(architecture, tensors)),
    purpose: purposeOf(architecture, header.count(own("pooling_type")) ?? 0),
  };
}

/** Tensors whose operation in llama.cpp v0.5.0 (llama-arch.cpp) is GET_ROWS, those of every layer aside: they are small. */
const LOOKED_UP = new Set(
  ["token_embd", "position_embd", "token_types", "per_layer_token_embd"].map((name) => `${name}.weight`),
);

/** A model that writes text and has no output matrix multiplies by its embeddings. */
function usesOf(architecture: string, tensors: readonly GgufTensor[]): (name: string) => MatrixGroup["use"] {
  const isTied = !ENCODERS.has(architecture) && !tensors.some(({ name }) => name === "output.weight");
  return (name) => {
    if (isTied && name === "token_embd.weight") return "both";
    return LOOKED_UP.has(name) ? "looked up" : "multiplied";
  };
}

/** Pooling as llama.h numbers it: 0 is none, 4 ranks, all between embed. */
function purposeOf(architecture: string, pooling: number): Purpose {
  if (pooling === 4) return "ranking";
  return pooling > 0 || ENCODERS.has(architecture) ? "embedding" : "text";
}

function requireModel(path: string, header: Header, architecture: string, tensors: readonly GgufTensor[]): void {
  const kind = COMPANIONS[header.text("general.type") ?? ""] ?? COMPANIONS[architecture];
  if (kind === undefined && tensors.length > 0) return;
  throw new CorralError(
    "CORRAL_MODEL_UNSUPPORTED",
    `${path} holds ${kind ?? "a vocabulary without weights"}, not a model. Name the model's own file.`,
    { facts: { path, architecture } },
  );
}

/** Values of the first part, with what each must be. */
class Header {
  readonly #path: string;
  readonly #metadata: ReadonlyMap<string, GgufValue>;

  constructor(path: string, metadata: ReadonlyMap<string, GgufValue>) {
    this.#path = path;
    this.#metadata = metadata;
  }

  text(key: string): string | null {
    const value = this.#metadata.get(key);
    if (value === undefined) return null;
    if (value.type !== "string" || typeof value.value !== "string") throw this.#wrong(key, "text");
    return value.value;
  }

  /** A whole number that isn't negative; of an array (a number per layer), the largest. */
  count(key: string): number | null {
    const value = this.#metadata.get(key);
    if (value === undefined) return null;
    const candidates: readonly unknown[] = value.type === "array" ? (value.values ?? []) : [value.value];
    const counts = candidates.filter((candidate) => isCount(candidate));
    if (counts.length === 0 || counts.length < candidates.length) throw this.#wrong(key, "a whole number");
    return Math.max(...counts);
  }

  require(key: string): number {
    const value = this.count(key);
    if (value === null || value === 0) throw broken(this.#path, `does not say its ${key}`);
    return value;
  }

  arrayLength(key: string): number | null {
    const value = this.#metadata.get(key);
    return value?.type === "array" ? value.length : null;
  }

  #wrong(key: string, expected: string): Error {
    return broken(this.#path, `has a ${key} that is not ${expected}`);
  }
}

/** The format has no number as large as a model's dimension beyond 32 bits. */
const isCount = (value: unknown): value is number & Scalar =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;

function vocabulary(header: Header, architecture: string, tensors: readonly GgufTensor[]): number {
  return (
    header.arrayLength("tokenizer.ggml.tokens") ??
    header.count(`${architecture}.vocab_size`) ??
    tensors.find(({ name }) => name === "token_embd.weight")?.shape[1] ??
    0
  );
}
