/** What a model gives: text, a text's embedding, or how well a text answers a query. */
export type Purpose = "text" | "embedding" | "ranking";

/** Matrices of one type, shape and use. */
export interface MatrixGroup {
  readonly type: string;
  /** Weights in a row, rows and, of experts, how many there are. */
  readonly shape: readonly number[];
  /** Whether an engine multiplies by it, only takes rows of it (embeddings), or both (embeddings that are the output). */
  readonly use: "multiplied" | "looked up" | "both";
  /** Of all of the group. */
  readonly bytes: number;
}

/** What a model file's header says, as far as a plan, a person or `/v1/models` cares. Engine-neutral. */
export interface ModelDescription {
  /** Absolute path of the file, or of the first part of a split model. */
  readonly path: string;
  /** What clients call it: the file's name without its ending and part numbers. */
  readonly name: string;
  readonly format: "gguf" | "chatglm";
  readonly formatVersion: number;
  readonly architecture: string;
  /** Number of weights. */
  readonly parameters: number;
  /** The type that holds most of the bytes, in upper case: "Q4_0", "F16". */
  readonly quantisation: string;
  /** Tokens the model was trained for; null where the header does not say. */
  readonly contextLength: number | null;
  readonly layers: number;
  readonly embeddingLength: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
  readonly chatTemplate: string | null;
  /** All files of the model with their sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Bytes of tensor data by tensor type ("Q4_0" -> 201326592), over all files. */
  readonly tensorBytes: Readonly<Record<string, number>>;
  /** All matrices of all files. */
  readonly matrices: readonly MatrixGroup[];
  readonly purpose: Purpose;
  /** Of a file of chatglm.cpp: why it can't be converted to GGUF without loss; null: it can. */
  readonly unconvertible?: string | null | undefined;
}
