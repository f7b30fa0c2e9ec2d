import { broken } from "./broken.ts";
import { FIXED_SIZES, type FixedType } from "./gguf/types.ts";
import type { ByteSource } from "./source.ts";

/** Bytes read at once, unless told otherwise. */
const WINDOW = 64 * 1024;
/** Bytes. The largest header of a real model, a vocabulary of 262,144 tokens, is 16 MB. */
const HEADER_LIMIT = 256 * 1024 * 1024;
/** Bytes of what is kept of a header, with an allowance for each value. */
const KEPT_LIMIT = 128 * 1024 * 1024;
const VALUE_OVERHEAD = 64;

/**
 * Walks over a file's header, and reads little more of it than it is asked for: none that is skipped by a window or more.
 * Whatever numbers the file holds, it reads no more than `HEADER_LIMIT` and keeps no more than `KEPT_LIMIT`.
 * `fill(n)` comes first; then the readers below are synchronous, for there are hundreds of thousands of strings.
 */
export class Cursor {
  /** What is being read, for messages: "its key 3". */
  section = "its header";
  readonly #source: ByteSource;
  readonly #window: Buffer;
  #windowStart = 0;
  #windowEnd = 0;
  #position = 0;
  /** Bytes that were passed by and are no header. */
  #passed = 0;
  #kept = 0;

  constructor(source: ByteSource, window = WINDOW) {
    this.#source = source;
    this.#window = Buffer.alloc(window);
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes left in the file. */
  get left(): number {
    return this.#source.size - this.#position;
  }

  /** True where the next `length` bytes (at most a window) can be read without `fill`. */
  ready(length: number): boolean {
    return this.#position >= this.#windowStart && this.#position + length <= this.#windowEnd;
  }

  async fill(length: number): Promise<void> {
    if (this.ready(length)) return;
    this.#require(length);
    const wanted = Math.min(this.#window.length, this.left);
    const got = await this.#source.read(this.#window.subarray(0, wanted), this.#position);
    this.#windowStart = this.#position;
    this.#windowEnd = this.#position + got;
    if (got < length) throw this.#cutShort();
  }

  skip(length: number): void {
    this.#require(length);
    this.#position += length;
  }

  /** Leaves out what is no part of the header: weights. */
  pass(length: number): void {
    if (length > this.left) throw this.#cutShort();
    this.#position += length;
    this.#passed += length;
  }

  /** After fill(8). Counts and lengths: beyond 2^53 it is not exact, and larger than any file. */
  length(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  /** After fill(4). */
  u32(): number {
    return this.#take(4).readUInt32LE();
  }

  /** After fill of the type's size. */
  number(type: FixedType): number | bigint | boolean {
    return DECODERS[type](this.#take(FIXED_SIZES[type]));
  }

  /** A length, and as many bytes of UTF-8; bytes that are none become U+FFFD. */
  async string(longest = Number.POSITIVE_INFINITY): Promise<string> {
    await this.fill(8);
    const length = this.length();
    if (length > longest) {
      throw this.broken(`has ${length} bytes of text in ${this.section}, more than the ${longest} allowed`);
    }
    return this.text(length);
  }

  async text(length: number): Promise<string> {
    this.#require(length);
    this.keep(length);
    return (await this.#copy(length)).toString("utf8");
  }

  /** Counts what the reader is about to keep in memory. */
  keep(bytes: number): void {
    this.#kept += bytes + VALUE_OVERHEAD;
    if (this.#kept > KEPT_LIMIT) throw this.broken(`has more than ${KEPT_LIMIT / 2 ** 20} MiB of metadata`);
  }

  broken(what: string): Error {
    return broken(this.#source.path, what, undefined, { position: this.#position });
  }

  #cutShort(): Error {
    return this.broken(`ends in the middle of ${this.section}`);
  }

  async #copy(length: number): Promise<Buffer> {
    if (length <= this.#window.length) {
      await this.fill(length);
      return this.#take(length);
    }
    const bytes = Buffer.alloc(length);
    const got = await this.#source.read(bytes, this.#position);
    if (got < length) throw this.#cutShort();
    this.#position += length;
    return bytes;
  }

  #take(length: number): Buffer {
    const at = this.#position - this.#windowStart;
    this.#position += length;
    return this.#window.subarray(at, at + length);
  }

  #require(length: number): void {
    if (length > this.left) throw this.#cutShort();
    if (this.#position - this.#passed + length > HEADER_LIMIT) {
      throw this.broken(`has a header of more than ${HEADER_LIMIT / 2 ** 20} MiB`);
    }
  }
}

const DECODERS: Readonly<Record<FixedType, (bytes: Buffer) => number | bigint | boolean>> = {
  u8: (bytes) => bytes.readUInt8(),
  i8: (bytes) => bytes.readInt8(),
  u16: (bytes) => bytes.readUInt16LE(),
  i16: (bytes) => bytes.readInt16LE(),
  u32: (bytes) => bytes.readUInt32LE(),
  i32: (bytes) => bytes.readInt32LE(),
  f32: (bytes) => bytes.readFloatLE(),
  bool: (bytes) => bytes.readUInt8() !== 0,
  u64: (bytes) => asNumber(bytes.readBigUInt64LE()),
  i64: (bytes) => asNumber(bytes.readBigInt64LE()),
  f64: (bytes) => bytes.readDoubleLE(),
};

const asNumber = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
