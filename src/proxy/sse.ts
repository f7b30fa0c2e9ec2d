/** One event of a `text/event-stream`. */
export interface ServerEvent {
  /** "message" where the stream does not say. */
  readonly type: string;
  readonly data: string;
}

/**
 * Takes a stream's bytes in whatever pieces they come and gives its events, as the HTML standard's chapter "Server-sent
 * events" says: lines end with LF, CR or CRLF, lines of data are joined by LF, a blank line ends an event, one that was
 * not ended is dropped. Ids and retry times are left out: nobody reconnects to a worker.
 */
export class EventParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #type = "";
  #data: string[] = [];

  feed(bytes: Uint8Array): ServerEvent[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    // A CR at the end may be half of a CRLF: it waits for what follows.
    const complete = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = complete.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(complete.length);
    const events: ServerEvent[] = [];
    for (const line of lines) {
      if (line === "") this.#dispatch(events);
      else this.#field(line);
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
  }

  #dispatch(events: ServerEvent[]): void {
    if (this.#data.length > 0) events.push({ type: this.#type || "message", data: this.#data.join("\n") });
    this.#type = "";
    this.#data = [];
  }
}

export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const parser = new EventParser();
  for await (const bytes of body) yield* parser.feed(bytes);
}
