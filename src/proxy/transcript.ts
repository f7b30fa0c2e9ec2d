import { Draft } from "./draft.ts";
import { EventParser } from "./sse.ts";

/** Bytes that are kept as they came; then they are read, and only what they say is kept. An event has some 250. */
const UNREAD = 128 * 1024;
const DONE = Buffer.from("data: [DONE]\n\n");

/**
 * What the client of a streamed answer has been given, for the worker that may have to go on with it. Nearly always
 * nobody needs it, so nothing is read of it before that, or before it has become long.
 */
export class Transcript {
  readonly #parser = new EventParser();
  readonly #draft = new Draft();
  #unread: Buffer[] = [];
  #bytes = 0;
  #last: Buffer | null = null;

  /** @param events whole ones */
  push(events: Buffer): void {
    this.#unread.push(events);
    this.#last = events;
    this.#bytes += events.length;
    if (this.#bytes > UNREAD) this.#read();
  }

  /** All of it, read. */
  get draft(): Draft {
    this.#read();
    return this.#draft;
  }

  /** Whether the answer has come to its end, be it an error. Reads nothing where it ended as usual. */
  get isOver(): boolean {
    if (this.#last?.subarray(-DONE.length).equals(DONE)) return true;
    return this.draft.isDone || this.draft.error !== null;
  }

  #read(): void {
    for (const events of this.#unread) for (const { data } of this.#parser.feed(events)) this.#draft.add(data);
    this.#unread = [];
    this.#bytes = 0;
  }
}
