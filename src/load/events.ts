const DONE = "data: [DONE]\n\n";
const PIECES = 4;
const TEXT_LIMIT = 2048;
const NEWLINE = 0x0a;

/** Counts server-sent events ("...\n\n") over the pieces of a stream, wherever the pieces were cut. */
export class EventCounter {
  count = 0;
  #cutInside = false;

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    let from = 0;
    if (this.#cutInside && piece[0] === NEWLINE) {
      this.count += 1;
      from = 1;
    }
    for (let at = piece.indexOf("\n\n", from); at !== -1; at = piece.indexOf("\n\n", from)) {
      this.count += 1;
      from = at + 2;
    }
    this.#cutInside = from < piece.length && piece[piece.length - 1] === NEWLINE;
  }
}

/** The end of a body. Keeps the last pieces as they are; makes text of them only when asked. */
export class BodyEnd {
  readonly #pieces: Buffer[] = [];

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > PIECES) this.#pieces.shift();
  }

  /** At most 2 KiB. */
  get text(): string {
    return Buffer.concat(this.#pieces).subarray(-TEXT_LIMIT).toString();
  }

  get isDone(): boolean {
    return this.text.endsWith(DONE);
  }
}
