import type { Visit } from "./visit.ts";

/** All requests that are under way. */
export class Visits {
  readonly #present = new Set<Visit>();
  readonly #waiting = new Set<() => void>();

  enter(visit: Visit): void {
    this.#present.add(visit);
    visit.onLeave(() => this.#leave(visit));
  }

  on(socket: unknown): Visit[] {
    return [...this.#present].filter((visit) => visit.isOn(socket));
  }

  /** Ends them all; their clients are told this error if they can still be told anything. */
  cut(error: Error): void {
    for (const visit of this.#present) visit.cut(error);
  }

  /** Resolves when none is left, or after so many milliseconds. */
  async whenEmpty(limit: number): Promise<void> {
    if (this.#present.size === 0) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, limit);
      this.#waiting.add(settle);
    });
  }

  #leave(visit: Visit): void {
    this.#present.delete(visit);
    if (this.#present.size === 0) for (const settle of this.#waiting) settle();
  }
}
