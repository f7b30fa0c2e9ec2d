import { type Line, Ring } from "./ring.ts";

/** One line that a worker wrote, on stdout or stderr. */
export interface LogLine extends Line {
  /** Its id: `${model}#${replica}.${start}`. */
  readonly worker: string;
  readonly replica: number;
}

export interface LogQuery {
  /** The number of a replica. Default: all. */
  readonly worker?: number | undefined;
  /** So many of the last lines. Default: all that are kept. */
  readonly lines?: number | undefined;
}

/** What one start of a replica wrote. */
interface Chapter {
  readonly worker: string;
  readonly replica: number;
  readonly ring: Ring;
}

/** Starts of a replica that are remembered. */
const CHAPTERS = 4;
/** Lines that wait for a slow reader; older ones are dropped. */
const MOST_WAITING = 1_000;

/**
 * What the workers of one model have written, those that have ended included, in bounded memory: some starts of each
 * replica, and of each its last lines.
 */
export class Journal {
  readonly #listeners = new Set<(line: LogLine) => void>();
  /** In the order of their starts. */
  #chapters: Chapter[] = [];

  /** For the output of one start of a replica. */
  open(worker: string, replica: number): Ring {
    const chapter: Chapter = { worker, replica, ring: new Ring() };
    const old = this.#chapters.filter((other) => other.replica === replica).slice(0, 1 - CHAPTERS);
    this.#chapters = [...this.#chapters.filter((other) => !old.includes(other)), chapter];
    if (this.#listeners.size > 0) this.#listen(chapter);
    return chapter.ring;
  }

  /** The oldest first, whoever wrote them; the lines that are not complete yet come last. */
  tail({ worker, lines }: LogQuery = {}): LogLine[] {
    const chapters = this.#of(worker);
    const last = [
      ...linesOf(chapters, (ring) => ring.complete()).sort((a, b) => a.at - b.at),
      ...linesOf(chapters, (ring) => ring.unfinished()),
    ];
    return lines === undefined ? last : last.slice(Math.max(0, last.length - lines));
  }

  /** The last complete lines, and then each as it comes, until the signal aborts or the reader leaves. */
  async *follow({ worker, lines = Number.POSITIVE_INFINITY }: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const complete = linesOf(this.#of(worker), (ring) => ring.complete()).sort((a, b) => a.at - b.at);
    const waiting = complete.slice(Math.max(0, complete.length - lines));
    let wake = (): void => {};
    const stop = this.#hear((line) => {
      if (worker !== undefined && line.replica !== worker) return;
      waiting.push(line);
      if (waiting.length > MOST_WAITING) waiting.shift();
      wake();
    });
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const line = waiting.shift();
        if (line !== undefined) yield line;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      stop();
    }
  }

  /** The rings tell of their lines only while somebody listens. @returns ends it */
  #hear(listener: (line: LogLine) => void): () => void {
    if (this.#listeners.size === 0) for (const chapter of this.#chapters) this.#listen(chapter);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) for (const { ring } of this.#chapters) ring.onLine = null;
    };
  }

  #listen({ worker, replica, ring }: Chapter): void {
    ring.onLine = (line) => {
      for (const listener of this.#listeners) listener({ worker, replica, ...line });
    };
  }

  #of(worker: number | undefined): Chapter[] {
    return this.#chapters.filter(({ replica }) => worker === undefined || replica === worker);
  }
}

function linesOf(chapters: readonly Chapter[], read: (ring: Ring) => Line[]): LogLine[] {
  return chapters.flatMap(({ worker, replica, ring }) => read(ring).map((line) => ({ worker, replica, ...line })));
}
