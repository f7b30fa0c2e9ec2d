export interface RingLimits {
  /** Lines kept. */
  readonly lines: number;
  /** Bytes kept of one line; the rest of it is dropped. */
  readonly lineBytes: number;
}

/** One line of it. */
export interface Line {
  /** When it was complete: milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

const LIMITS: RingLimits = { lines: 500, lineBytes: 500 };
const NEWLINE = 0x0a;
const CUT = " [...]";
/** Colours and cursor moves, and then every control character but the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * The last lines of a byte stream, in bounded memory however much comes: lines * lineBytes. Any bytes will do: what is
 * not UTF-8 shows as replacement characters.
 */
export class Ring {
  /** Hears each line when it is complete. Without it a line is not made a text before somebody asks for it. */
  onLine: ((line: Line) => void) | null = null;
  readonly #limits: RingLimits;
  /** Complete lines, the oldest first. */
  readonly #lines: { readonly at: number; readonly bytes: Buffer }[] = [];
  #partial: Buffer[] = [];
  #partialBytes = 0;

  constructor(limits: Partial<RingLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#extend(chunk.subarray(from, at));
      this.#endLine();
      from = at + 1;
    }
    this.#extend(chunk.subarray(from));
  }

  /** The last lines, the oldest first, an unfinished one included, without control characters. */
  lines(): string[] {
    return [...this.complete(), ...this.unfinished()].map(({ text }) => text).slice(-this.#limits.lines);
  }

  complete(): Line[] {
    return this.#lines.map(({ at, bytes }) => ({ at, text: this.#show(bytes) }));
  }

  /** The line that is being written, if any. */
  unfinished(): Line[] {
    return this.#partialBytes > 0 ? [{ at: Date.now(), text: this.#show(Buffer.concat(this.#partial)) }] : [];
  }

  /** One byte more than the limit is kept, which tells that the line was longer. */
  #extend(bytes: Buffer): void {
    const room = this.#limits.lineBytes + 1 - this.#partialBytes;
    if (room <= 0 || bytes.length === 0) return;
    // A copy: a slice would keep the whole chunk alive.
    const kept = Buffer.from(bytes.subarray(0, room));
    this.#partial.push(kept);
    this.#partialBytes += kept.length;
  }

  #endLine(): void {
    const line = { at: Date.now(), bytes: Buffer.concat(this.#partial) };
    this.#lines.push(line);
    if (this.#lines.length > this.#limits.lines) this.#lines.shift();
    this.#partial = [];
    this.#partialBytes = 0;
    this.onLine?.({ at: line.at, text: this.#show(line.bytes) });
  }

  #show(line: Buffer): string {
    const { lineBytes } = this.#limits;
    const text = line.subarray(0, lineBytes).toString("utf8").replace(CONTROLS, "");
    return line.length > lineBytes ? text + CUT : text;
  }
}
