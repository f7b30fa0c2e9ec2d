import { describeChatglm } from "./chatglm/describe.ts";
import { isChatglm, readChatglm } from "./chatglm/read.ts";
import { readTokenizer } from "./chatglm/read-tokenizer.ts";
import { conversionObstacle } from "./convert/convertible.ts";
import type { ModelDescription } from "./description.ts";
import { describeParts } from "./gguf/describe.ts";
import { readParts } from "./parts.ts";

/**
 * Describes a model in GGUF (by its file's header, or those of all its parts) or in chatglm.cpp's format. Reads no weights.
 * Throws CORRAL_MODEL_MISSING, CORRAL_MODEL_BROKEN, or CORRAL_MODEL_UNSUPPORTED for what no engine runs as a model.
 */
export async function describeModel(path: string): Promise<ModelDescription> {
  if (!(await isChatglm(path))) return describeParts(await readParts(path));
  const file = await readChatglm(path);
  return { ...describeChatglm(file), unconvertible: conversionObstacle(file, await readTokenizer(file)) };
}
