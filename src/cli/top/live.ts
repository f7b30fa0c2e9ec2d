import { setTimeout as sleep } from "node:timers/promises";
import type { InstanceStatus } from "../../index.ts";
import type { Colours } from "../terminal/colour.ts";
import { renderFrame } from "./frame.ts";
import { type Sample, takeSample } from "./sample.ts";
import { Screen, type Terminal } from "./screen.ts";

export interface LiveOptions {
  readonly terminal: Terminal;
  readonly colours: Colours;
  /** Milliseconds from one look to the next. */
  readonly interval: number;
  readonly fetchStatus: () => Promise<InstanceStatus>;
}

/** Samples that are kept to tell rates by. */
const HISTORY = 30;

/**
 * Draws the instance anew at each interval until the user leaves. An instance that does not answer for a while, because
 * it restarts, say, is waited for.
 * @param first that it answers has been seen before anything is drawn
 * @returns the signal that ended it; null where it was a key
 */
export async function watchLive(
  first: Sample,
  { terminal, colours, interval, fetchStatus }: LiveOptions,
): Promise<NodeJS.Signals | null> {
  const usual = colours.dim("q leaves");
  const samples = [first];
  let footer = usual;
  const draw = (): void => screen.draw(renderFrame(samples, { size: screen.size, colours, footer }));
  const screen = new Screen(terminal, draw);
  const { left } = screen;
  screen.open();
  try {
    draw();
    for (;;) {
      await sleep(interval, undefined, { signal: left }).catch(() => {});
      const sample = await orAborted(attempt(fetchStatus), left);
      if (left.aborted) return left.reason;
      if (sample instanceof Error) {
        footer = `${usual}  ${colours.red(`no answer: ${sample.message}`)}`;
      } else if (sample !== null) {
        footer = usual;
        samples.push(sample);
        if (samples.length > HISTORY) samples.shift();
      }
      draw();
    }
  } finally {
    screen.close();
  }
}

async function attempt(fetchStatus: () => Promise<InstanceStatus>): Promise<Sample | Error> {
  try {
    return await takeSample(fetchStatus);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Null where the signal comes first: the user need not wait for an answer. `work` never rejects. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve) => {
    const leave = (): void => resolve(null);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    void work.then((value) => {
      signal.removeEventListener("abort", leave);
      resolve(value);
    });
  });
}
