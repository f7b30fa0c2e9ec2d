/** As much of protobuf's wire format as a SentencePiece model needs: https://protobuf.dev/programming-guides/encoding */

export type Field =
  | { readonly number: number; readonly kind: "varint"; readonly value: bigint }
  | { readonly number: number; readonly kind: "fixed32"; readonly value: number }
  | { readonly number: number; readonly kind: "fixed64" }
  | { readonly number: number; readonly kind: "bytes"; readonly value: Uint8Array };

/** Says in words what is wrong with a message: "ends in the middle of a field". */
export class MalformedMessage extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Bytes of a varint of 64 bits. */
const LONGEST_VARINT = 10;

/** The fields of a message in their order. Values of the kind "bytes" are views. Throws MalformedMessage. */
export function* readFields(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;

  const varint = (): bigint => {
    const single = message[at] ?? 0x80;
    if (single < 0x80) {
      at++;
      return BigInt(single);
    }
    let value = 0n;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = message[at++];
      if (byte === undefined) throw new MalformedMessage("ends in the middle of a number");
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage("has a number of more than 64 bits");
  };
  const take = (length: number): number => {
    if (length > message.length - at) throw new MalformedMessage("ends in the middle of a field");
    at += length;
    return at - length;
  };

  while (at < message.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) throw new MalformedMessage("has a field without a number");
    switch (tag % 8) {
      case VARINT:
        yield { number, kind: "varint", value: varint() };
        break;
      case FIXED32:
        yield { number, kind: "fixed32", value: view.getFloat32(take(4), true) };
        break;
      case FIXED64:
        take(8);
        yield { number, kind: "fixed64" };
        break;
      case BYTES: {
        const length = Number(varint());
        const start = take(length);
        yield { number, kind: "bytes", value: message.subarray(start, start + length) };
        break;
      }
      default:
        throw new MalformedMessage(`has a field of the unknown kind ${tag % 8}`);
    }
  }
}

/** A whole number (also a truth value or an enum), as protobuf's int32 has it: negative ones take ten bytes. */
export const intField = (number: number, value: number): Uint8Array =>
  Buffer.concat([varintBytes(BigInt(number * 8 + VARINT)), varintBytes(BigInt.asUintN(64, BigInt(value)))]);

export const boolField = (number: number, value: boolean): Uint8Array => intField(number, value ? 1 : 0);

export function floatField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varintBytes(BigInt(number * 8 + FIXED32)), bytes]);
}

export const bytesField = (number: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([varintBytes(BigInt(number * 8 + BYTES)), varintBytes(BigInt(value.length)), value]);

export const textField = (number: number, value: string): Uint8Array => bytesField(number, Buffer.from(value));

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.of(...bytes, Number(rest));
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
