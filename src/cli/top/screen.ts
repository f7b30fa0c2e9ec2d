/** The part of a terminal's two ends that is used here. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
  readonly output: NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };
}

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** In raw mode Ctrl-C is a character like any other. */
const LEAVING_KEYS = ["q", "Q", "\u0003"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * A terminal's alternate screen, without a cursor. However the process ends, the terminal is as it was: `close` does it,
 * and the end of the process where that was never called.
 */
export class Screen {
  readonly #terminal: Terminal;
  readonly #leaving = new AbortController();
  readonly #onResize: () => void;
  readonly #onKey = (keys: Buffer | string): void => {
    if ([...`${keys}`].some((key) => LEAVING_KEYS.includes(key))) this.#leaving.abort(null);
  };
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#leaving.abort(signal);
  readonly #restore = (): void => this.close();
  #isOpen = false;

  constructor(terminal: Terminal, onResize: () => void) {
    this.#terminal = terminal;
    this.#onResize = onResize;
  }

  /** Aborts when the user wants to leave; its reason is the signal that said so, or null for a key. */
  get left(): AbortSignal {
    return this.#leaving.signal;
  }

  /** A terminal that does not know its own says 0. */
  get size(): { columns: number; rows: number } {
    const { columns, rows } = this.#terminal.output;
    return { columns: columns || 80, rows: rows || 24 };
  }

  open(): void {
    const { input, output } = this.#terminal;
    this.#isOpen = true;
    process.once("exit", this.#restore);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    output.on("resize", this.#onResize);
    if (input.isTTY) {
      input.setRawMode?.(true);
      input.on("data", this.#onKey);
      input.resume();
    }
    output.write(ENTER);
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const text = lines.map((line) => `${line}${CLEAR_LINE}`).join("\r\n");
    this.#terminal.output.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output } = this.#terminal;
    output.write(LEAVE);
    if (input.isTTY) {
      input.off("data", this.#onKey);
      input.setRawMode?.(false);
      input.pause();
    }
    output.off("resize", this.#onResize);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off("exit", this.#restore);
  }
}
