import { isObject, type Json, type Piece, readEvent } from "./event.ts";

/** One of the answers that a request asked for, as far as it has come. */
export interface Choice {
  readonly index: number;
  /** A chat's content or a completion's text. */
  text: string;
  reasoning: string;
  readonly toolCalls: Map<number, ToolCall>;
  finish: string | null;
  usage: Json | null;
  timings: Json | null;
}

interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** What the events of a streamed answer have said up to now. */
export class Draft {
  readonly #choices = new Map<number, Choice>();
  /** The one that the last piece belonged to: usage and timings that follow are its own. */
  #current: Choice | null = null;
  /** What stands around the choices: id, created, model, object ... as the last event had it. */
  head: Json = {};
  /** Of the first event, by which a client knows the answer. */
  firstHead: Json | null = null;
  /** The engine's error, where it gave up. */
  error: Json | null = null;
  /** Whether its end was announced. */
  isDone = false;
  isReadable = true;
  /** Events with text: at least as many tokens were made. */
  pieces = 0;

  add(data: string): void {
    const event = readEvent(data);
    switch (event.kind) {
      case "nothing":
        return;
      case "done":
        this.isDone = true;
        return;
      case "unreadable":
        this.isReadable = false;
        return;
      case "error":
        this.error = event.error;
        return;
      case "chunk":
        this.#addChunk(event.json, event.pieces);
    }
  }

  /** In the order of their numbers. */
  get choices(): readonly Choice[] {
    return [...this.#choices.values()].sort((a, b) => a.index - b.index);
  }

  /** Whether nothing of any answer has come, but who speaks at most. */
  get isEmpty(): boolean {
    return this.choices.every(
      ({ text, reasoning, toolCalls, finish }) =>
        text === "" && reasoning === "" && toolCalls.size === 0 && finish === null,
    );
  }

  #addChunk({ choices: _, usage, timings, ...head }: Json, pieces: readonly Piece[]): void {
    this.head = head;
    this.firstHead ??= head;
    for (const piece of pieces) this.#addPiece(piece);
    if (this.#current === null) return;
    if (isObject(usage)) this.#current.usage = usage;
    if (isObject(timings)) this.#current.timings = timings;
  }

  #addPiece({ index, text, reasoning, toolCalls, finish }: Piece): void {
    const choice = this.#choiceAt(index);
    this.#current = choice;
    if (text !== "" || reasoning !== "") this.pieces += 1;
    choice.text += text;
    choice.reasoning += reasoning;
    choice.finish ??= finish;
    for (const piece of toolCalls) {
      const call = choice.toolCalls.get(piece.index) ?? { id: "", name: "", arguments: "" };
      choice.toolCalls.set(piece.index, call);
      // Both come whole; a name that was taken for whole too early comes again.
      if (piece.id !== "") call.id = piece.id;
      if (piece.name !== "") call.name = piece.name;
      call.arguments += piece.arguments;
    }
  }

  #choiceAt(index: number): Choice {
    const known = this.#choices.get(index);
    if (known) return known;
    const choice: Choice = {
      index,
      text: "",
      reasoning: "",
      toolCalls: new Map(),
      finish: null,
      usage: null,
      timings: null,
    };
    this.#choices.set(index, choice);
    return choice;
  }
}
