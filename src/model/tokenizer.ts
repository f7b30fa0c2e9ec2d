import { CorralError } from "../errors.ts";
import { broken } from "./broken.ts";
import type { MadeValue } from "./gguf/encode.ts";
import { readGguf } from "./gguf/read.ts";
import type { GgufValue } from "./gguf/value.ts";
import { type ByteSource, withFile } from "./source.ts";

export interface Tokenizer {
  /** Number of tokens. */
  readonly size: number;
  /** All that a file says under `tokenizer.`, byte for byte. */
  readonly metadata: readonly (readonly [key: string, value: MadeValue])[];
}

/** Takes the tokenizer out of a GGUF file. Throws CORRAL_BAD_OPTION where it has none, and what `readGguf` throws. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const file = await readGguf(path);
  const tokens = file.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "array" || tokens.length === 0) {
    throw new CorralError("CORRAL_BAD_OPTION", `${path} holds no tokens. Name a GGUF file with a vocabulary.`, {
      facts: { path },
    });
  }
  const entries = [...file.metadata].filter(([key]) => key.startsWith("tokenizer."));
  return withFile(file.path, async (source) => {
    const metadata: [string, MadeValue][] = [];
    for (const [key, value] of entries) metadata.push([key, await copy(source, value)]);
    return { size: tokens.length, metadata };
  });
}

async function copy(source: ByteSource, { type, offset, bytes }: GgufValue): Promise<MadeValue> {
  const stored = Buffer.alloc(bytes);
  if ((await source.read(stored, offset)) < bytes) throw broken(source.path, "became shorter while it was read");
  return { type, bytes: stored };
}
