import { stat } from "node:fs/promises";
import { CorralError } from "../../errors.ts";
import { broken } from "../broken.ts";
import { type ChatglmTensor, readChatglm } from "../chatglm/read.ts";
import { readTokenizer } from "../chatglm/read-tokenizer.ts";
import { type MadeTensor, writeGguf } from "../gguf/write.ts";
import { type ByteSource, withFile } from "../source.ts";
import type { WriteOptions } from "../whole-file.ts";
import { prepareConversion } from "./convertible.ts";
import { hyperparameters } from "./hyperparameters.ts";
import { ggufName, ggufShape } from "./tensors.ts";
import { tokenizerMetadata } from "./tokenizer.ts";

/** Raised with every change of what a conversion writes, so that caches don't keep the old file. */
export const CONVERTER_VERSION = 1;

/**
 * Writes a chatglm.cpp file of ChatGLM2, ChatGLM3 or GLM-4 as GGUF for llama-server: the weights' bytes unchanged, the
 * tokenizer and chat template such that the same texts and chats become the same tokens. Whole or not at all; holds no
 * weights in memory.
 * Throws CORRAL_MODEL_UNSUPPORTED where it would not be the same (the message says why), CORRAL_BAD_OPTION where `out` is
 * the model itself, CORRAL_WRITE_FAILED, the signal's reason, and what `readChatglm` throws.
 */
export async function convertChatglm(path: string, out: string, options: WriteOptions = {}): Promise<void> {
  const file = await readChatglm(path);
  await requireOther(file.path, out);
  const conversion = prepareConversion(file, await readTokenizer(file));
  if (!conversion.can) throw unconvertible(file.path, conversion.why);
  const { type, tokenizer } = conversion;
  await withFile(file.path, async (source) => {
    await writeGguf(
      out,
      {
        metadata: [...hyperparameters(type, file.config), ...tokenizerMetadata(type, file.config, tokenizer())],
        tensors: file.tensors.map((tensor) => copied(tensor, source)),
      },
      options,
    );
  });
}

const unconvertible = (path: string, why: string): CorralError =>
  new CorralError(
    "CORRAL_MODEL_UNSUPPORTED",
    `${path} can't be converted to GGUF without loss: ${why}. chatglm-server runs it as it is (\`--engine chatglm\`).`,
    { facts: { path, why } },
  );

async function requireOther(path: string, out: string): Promise<void> {
  const [one, other] = await Promise.all([path, out].map((file) => stat(file, { bigint: true }).catch(() => null)));
  if (one === null || other === null || one?.ino !== other?.ino || one?.dev !== other?.dev) return;
  throw new CorralError("CORRAL_BAD_OPTION", `${out} is the model itself. Give another name for the converted file.`, {
    facts: { path, out },
  });
}

const copied = ({ name, shape, type, offset, bytes }: ChatglmTensor, source: ByteSource): MadeTensor => ({
  name: ggufName(name),
  type,
  shape: ggufShape(shape),
  data: () => pieces(source, offset, bytes),
});

/** Bytes read at once. */
const PIECE = 4 * 1024 * 1024;

async function* pieces(source: ByteSource, offset: number, bytes: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(Math.min(PIECE, bytes));
  for (let done = 0; done < bytes; ) {
    const piece = buffer.subarray(0, Math.min(PIECE, bytes - done));
    await fill(source, piece, offset + done);
    yield piece;
    done += piece.length;
  }
}

async function fill(source: ByteSource, target: Uint8Array, position: number): Promise<void> {
  if ((await source.read(target, position)) < target.length) {
    throw broken(source.path, "became shorter while it was read");
  }
}
