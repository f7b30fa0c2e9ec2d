import { cp } from "node:fs/promises";
import { join } from "node:path";
import { llamaPin } from "../llama/pin.ts";
import type { Preparation, Prepared, Recipe } from "../recipe.ts";
import { chatglmLadder } from "./ladder.ts";
import { NATIVE_PARTS, nativeFolder, nativeHash, REPLACEMENTS } from "./native.ts";
import { chatglmPin } from "./pin.ts";
import { proveChatglm } from "./prove.ts";
import { readReplacements, replaceAll } from "./replacements.ts";

export const chatglmRecipe: Recipe = {
  pin: chatglmPin,
  inputs: async () => ({ [llamaPin.name]: llamaPin.tree, "chatglm-server": await nativeHash() }),
  prepare,
  defines: [
    "CMAKE_BUILD_TYPE=Release",
    "GGML_NO_ACCELERATE=ON",
    // SentencePiece asks for CMake 3.1, which CMake 4 refuses to be.
    "CMAKE_POLICY_VERSION_MINIMUM=3.5",
  ],
  targets: { "chatglm-server": "chatglm-server" },
  binDir: "bin",
  files: {},
  ladder: chatglmLadder,
  prove: proveChatglm,
};

const UNCHANGED =
  "prefix reuse, and what else is mended in chatglm.cpp: this source is not the one that replacements.json was made for";

/**
 * Copies what the build reads, of chatglm.cpp and of our own: an edit made meanwhile does not get in. In the copy the
 * replacements are made that prefix reuse and safety need; a source that they do not fit is built as it is. llama.cpp's copies of
 * cpp-httplib and nlohmann-json serve it.
 */
async function prepare({ source, scratch, obtain }: Preparation): Promise<Prepared> {
  const llama = await obtain(llamaPin);
  const own = await copyOf(nativeFolder, NATIVE_PARTS, join(scratch, "chatglm-server"));
  const upstream = await copyOf(source.dir, chatglmPin.reads ?? [], join(scratch, "chatglm.cpp"));
  const reuse = await replaceAll(upstream, await readReplacements(join(own, REPLACEMENTS)));
  return {
    folder: own,
    defines: [
      `CHATGLM_SOURCE=${upstream}`,
      `LLAMA_SOURCE=${llama.dir}`,
      `CHATGLM_PREFIX_REUSE=${reuse ? "ON" : "OFF"}`,
      `CHATGLM_SERVER_VERSION=${chatglmPin.version}${source.verified ? "" : `+tree-${source.tree.slice(0, 7)}`}`,
    ],
    gaveUp: reuse ? [] : [UNCHANGED],
  };
}

async function copyOf(folder: string, parts: readonly string[], into: string): Promise<string> {
  for (const part of parts) await cp(join(folder, part), join(into, part), { recursive: true });
  return into;
}
