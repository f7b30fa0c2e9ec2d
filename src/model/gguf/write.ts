import { CorralError } from "../../errors.ts";
import { type Pieces, type WriteOptions, writeWhole } from "../whole-file.ts";
import { encodeMetadata, encodeTensorInfos, type MadeValue } from "./encode.ts";
import { align, bytesOf, DEFAULT_ALIGNMENT, type Shape, type TensorType } from "./types.ts";

export interface MadeTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: Shape;
  /** The tensor's bytes in pieces of any size, made when they are written. A piece may be reused once it was taken. */
  readonly data: () => Pieces;
}

export interface MadeModel {
  readonly metadata: Iterable<readonly [key: string, value: MadeValue]>;
  readonly tensors: readonly MadeTensor[];
}

/**
 * Writes a GGUF v3 file: whole or not at all, for it appears under its name when it is complete.
 * Throws CORRAL_WRITE_FAILED, or the signal's reason.
 */
export async function writeGguf(path: string, model: MadeModel, options: WriteOptions = {}): Promise<void> {
  await writeWhole(path, pieces(model, options), options.signal);
}

async function* pieces({ metadata, tensors }: MadeModel, { onProgress }: WriteOptions): AsyncGenerator<Uint8Array> {
  const entries = [...metadata];
  const header = Buffer.concat([...encodeMetadata(entries, tensors.length), ...encodeTensorInfos(tensors)]);
  const total = tensors.reduce(
    (end, tensor) => padded(end + bytesOf(tensor.type, tensor.shape)),
    padded(header.length),
  );
  let written = 0;

  for (const piece of [header, padding(header.length)]) {
    yield piece;
    written += piece.length;
  }
  for (const tensor of tensors) {
    const start = written;
    for await (const piece of tensor.data()) {
      yield piece;
      written += piece.length;
      onProgress?.({ written, total });
    }
    requireWhole(tensor, written - start);
    const fill = padding(written);
    yield fill;
    written += fill.length;
  }
  onProgress?.({ written, total });
}

const padded = (position: number): number => align(position, DEFAULT_ALIGNMENT);
const padding = (position: number): Buffer => Buffer.alloc(padded(position) - position);

function requireWhole({ name, type, shape }: MadeTensor, bytes: number): void {
  const expected = bytesOf(type, shape);
  if (bytes === expected) return;
  throw new CorralError("CORRAL_INTERNAL", `tensor ${name} came out as ${bytes} bytes, not ${expected}. Report this.`);
}
