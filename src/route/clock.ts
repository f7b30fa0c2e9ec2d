/** Where time comes from, so that a simulation can have its own. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls once, so many milliseconds from now. @returns what forgets it */
  after(milliseconds: number, call: () => void): () => void;
}

export const processClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
