import type { Prompt } from "./ask.ts";

/** Bytes of text in a link, where the text goes on: some 64 tokens. */
const BLOCK = 256;
/** Later links are longer, by a share of what is before them: so a prompt of a gigabyte has some hundreds of links. */
const BLOCK_SHARE = 32;
/** A message's end ends a link, if the link has such a share of what is before it: many short messages make few links. */
const MESSAGE_SHARE = 64;
/** Bytes of text that are looked at; what is behind them is only counted. About a million tokens. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Bytes that stand for one token where a prompt comes as token numbers: links then have the same lengths. */
const TOKEN_BYTES = 4;

/** Makes a chain of what it is fed, in one go over the text. */
export class Chain {
  readonly #links: number[] = [];
  readonly #ends: number[] = [];
  #low = 0x2545f491;
  #high = 0x51ed270b;
  #length = 0;
  #end = 0;
  #conversation = 0;

  /** Bytes so far, those of tokens included. */
  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    for (let from = 0; from < text.length; ) {
      if (this.#length >= MOST_BYTES) {
        this.#length += Buffer.byteLength(from === 0 ? text : text.slice(from));
        return;
      }
      from = this.#upToLink(text, from);
    }
  }

  token(token: number): void {
    this.#length += TOKEN_BYTES;
    if (this.#length >= MOST_BYTES) return;
    this.#mix(token);
    if (this.#length >= this.#nextEnd()) this.#link();
  }

  /** Keeps apart what follows from what came, as a template does. */
  separate(): void {
    this.#mix(-1);
  }

  /** A message ends here. */
  messageEnd(): void {
    this.separate();
    if (this.#length - this.#end > this.#end / MESSAGE_SHARE && this.#length < MOST_BYTES) this.#link();
  }

  /** What came so far is the same in all turns of a conversation. */
  conversationBegins(): void {
    if (this.#conversation === 0) this.#conversation = this.#hash();
  }

  /** @param tokensPerByte as learned from prompts that were counted */
  prompt(tokensPerByte: number): Prompt {
    if (this.#length > this.#end && this.#length < MOST_BYTES) this.#link();
    const depths = this.#ends.map((end) => end * tokensPerByte);
    const conversation = this.#conversation || (this.#links[0] ?? 0);
    const length = this.#length;
    return { links: this.#links, depths, tokens: length * tokensPerByte, bytes: length, conversation };
  }

  /** Takes in text until a link ends. In numbers of its own: this is done for each character. @returns how far it came */
  #upToLink(text: string, from: number): number {
    const limit = this.#nextEnd();
    let low = this.#low;
    let high = this.#high;
    let length = this.#length;
    let at = from;
    while (at < text.length && length < limit) {
      const unit = text.charCodeAt(at);
      at += 1;
      length += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
      low = mixedLow(low, unit);
      high = mixedHigh(high, unit, low);
    }
    this.#low = low;
    this.#high = high;
    this.#length = length;
    if (length >= limit) this.#link();
    return at;
  }

  #nextEnd(): number {
    return this.#end + Math.max(BLOCK, this.#end / BLOCK_SHARE);
  }

  #link(): void {
    this.#links.push(this.#hash());
    this.#ends.push(this.#length);
    this.#end = this.#length;
  }

  #mix(unit: number): void {
    this.#low = mixedLow(this.#low, unit);
    this.#high = mixedHigh(this.#high, unit, this.#low);
  }

  /** 53 bits of both lanes. */
  #hash(): number {
    const low = finish(this.#low ^ this.#high);
    const high = finish(this.#high + Math.imul(this.#low, 0xc2b2ae3d));
    return (high & 0x1fffff) * 0x1_0000_0000 + low;
  }
}

// Two lanes of 32 bits take each unit in, with different multipliers and rotations; the second one is fed by the first.

function mixedLow(lane: number, unit: number): number {
  const low = Math.imul(lane ^ unit, 0x9e3779b1);
  return (low << 13) | (low >>> 19);
}

function mixedHigh(lane: number, unit: number, low: number): number {
  const high = Math.imul(lane + unit, 0x85ebca77);
  return ((high << 17) | (high >>> 15)) ^ low;
}

function finish(lane: number): number {
  const first = Math.imul(lane ^ (lane >>> 16), 0x7feb352d);
  const second = Math.imul(first ^ (first >>> 15), 0x846ca68b);
  return (second ^ (second >>> 16)) >>> 0;
}
