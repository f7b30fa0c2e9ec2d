import { CorralError } from "../../errors.ts";
import { bytesOf } from "../gguf/types.ts";
import { type WriteOptions, writeWhole } from "../whole-file.ts";
import { type ChatglmHead, encodeHead, encodeTensorHead } from "./encode.ts";
import { type WantedTensor, wantedTensors } from "./layout.ts";

export interface MadeChatglm extends ChatglmHead {
  /** A tensor's bytes in pieces of any size, made when they are written. A piece may be reused once it was taken. */
  readonly dataOf: (tensor: WantedTensor) => Iterable<Uint8Array>;
}

/**
 * Writes a `.bin` file of chatglm.cpp with all tensors that its configuration wants: whole or not at all.
 * Throws CORRAL_WRITE_FAILED, or the signal's reason.
 */
export async function writeChatglm(path: string, model: MadeChatglm, options: WriteOptions = {}): Promise<void> {
  await writeWhole(path, pieces(model, options), options.signal);
}

function* pieces(model: MadeChatglm, { onProgress }: WriteOptions): Generator<Uint8Array> {
  const head = encodeHead(model);
  const tensors = wantedTensors(model.type, model.config, model.vision);
  const total = tensors.reduce((end, tensor) => tensorEnd(end, tensor), head.length);

  yield head;
  let written = head.length;
  for (const tensor of tensors) {
    const end = tensorEnd(written, tensor);
    const tensorHead = encodeTensorHead(tensor, written);
    yield tensorHead;
    written += tensorHead.length;
    for (const piece of model.dataOf(tensor)) {
      yield piece;
      written += piece.length;
      onProgress?.({ written, total });
    }
    requireWhole(tensor, end - written);
  }
}

const tensorEnd = (start: number, tensor: WantedTensor): number =>
  start + encodeTensorHead(tensor, start).length + bytesOf(tensor.type, tensor.shape);

function requireWhole({ name }: WantedTensor, left: number): void {
  if (left === 0) return;
  throw new CorralError("CORRAL_INTERNAL", `tensor ${name} came out with ${-left} bytes too many. Report this.`);
}
