import { CorralError } from "../../errors.ts";
import { MODEL_TYPES } from "../chatglm/layout.ts";
import type { ChatglmFile } from "../chatglm/read.ts";
import type { ConvertibleType } from "./specials.ts";

/**
 * Why files of an architecture can't be converted to GGUF without loss, in words for a log; null: they can, as far as the
 * architecture tells. Pure.
 */
export function whyNotConvertible({ architecture }: { readonly architecture: string }): string | null {
  return convertibleType(architecture) === null
    ? (REASONS[architecture] ?? `files of the architecture ${architecture} are not chatglm.cpp's`)
    : null;
}

const REASONS: Readonly<Record<string, string>> = {
  chatglm: "ChatGLM-6B reads its prompt in both directions, which llama.cpp can't",
  glm4v: "GLM-4V sees by a part that llama.cpp doesn't have",
};

const CONVERTIBLE: readonly ConvertibleType[] = [2, 3, 4];

const convertibleType = (architecture: string): ConvertibleType | null =>
  CONVERTIBLE.find((type) => MODEL_TYPES[type].architecture === architecture) ?? null;

/** The file's type, where nothing but its tokenizer may stand against conversion. Throws CORRAL_MODEL_UNSUPPORTED. */
export function requireConvertible({ path, type, config }: ChatglmFile): ConvertibleType {
  const { architecture } = MODEL_TYPES[type];
  const known = convertibleType(architecture);
  if (known === null) throw unconvertible(path, whyNotConvertible({ architecture }) ?? "");
  if (config.virtualTokens > 0) {
    throw unconvertible(path, `it was tuned by ${config.virtualTokens} virtual tokens, which GGUF has no place for`);
  }
  return known;
}

/** @param why goes on after "can't be converted to GGUF without loss: " */
export const unconvertible = (path: string, why: string): CorralError =>
  new CorralError(
    "CORRAL_MODEL_UNSUPPORTED",
    `${path} can't be converted to GGUF without loss: ${why}. chatglm-server runs it as it is (\`--engine chatglm\`).`,
    { facts: { path, why } },
  );
