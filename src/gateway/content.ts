/** Bytes of a request or an answer that are logged; the rest is cut off. */
const LIMIT = 16 * 1024;

/** What was asked and answered, for a log that may hold it. */
export class Content {
  #request = Buffer.alloc(0);
  readonly #answer: Buffer[] = [];
  #answered = 0;

  ask(body: Buffer): void {
    this.#request = Buffer.from(body.subarray(0, LIMIT));
  }

  answer(chunk: Buffer): void {
    const part = chunk.subarray(0, LIMIT - this.#answered);
    if (part.length === 0) return;
    this.#answered += part.length;
    this.#answer.push(Buffer.from(part));
  }

  toJSON(): { request: string; answer: string } {
    return { request: this.#request.toString("utf8"), answer: Buffer.concat(this.#answer).toString("utf8") };
  }
}
