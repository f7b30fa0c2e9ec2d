const NOTHING = Buffer.alloc(0);
const LINE_FEED = 0x0a;

/**
 * Cuts a stream where an event ends, so that half of one never reaches whoever listens: a worker may die before it has
 * written the rest. Both engines end an event with "\n\n", mostly where a read ends, too: then nothing is copied.
 */
export class WholeEvents {
  #rest: Buffer = NOTHING;

  /** @returns the events that are complete now, as their bytes; empty where none is */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = endsEvent(bytes) ? bytes.length : bytes.lastIndexOf("\n\n") + 2;
    if (end === 1) {
      this.#rest = bytes;
      return NOTHING;
    }
    this.#rest = bytes.subarray(end);
    return end === bytes.length ? bytes : bytes.subarray(0, end);
  }

  /** What stands behind the last whole event, where the stream has ended in good order. */
  flush(): Buffer {
    const rest = this.#rest;
    this.#rest = NOTHING;
    return rest;
  }
}

function endsEvent(bytes: Buffer): boolean {
  return bytes[bytes.length - 1] === LINE_FEED && bytes[bytes.length - 2] === LINE_FEED;
}
