import { SingleBar } from "cli-progress";
import type { LoadFigures } from "../../index.ts";
import { formatFigure, formatSeconds } from "../terminal/figure.ts";

/** How a bench goes, on stderr: a bar for who watches, a line a level for a log. */
export interface Progress {
  begin(concurrency: number): void;
  /** So many requests of the level have been answered. */
  answered(done: number): void;
  level(figures: LoadFigures): void;
  stop(): void;
}

/** @param total requests of all levels */
export function showProgress(stream: NodeJS.WriteStream, total: number): Progress {
  return stream.isTTY ? barOf(stream, total) : linesOf(stream);
}

function barOf(stream: NodeJS.WriteStream, total: number): Progress {
  const format = "{at} at once [{bar}] {value}/{total} requests, {eta_formatted} left";
  // A level has few answers: an estimate from all of them jumps less.
  const bar = new SingleBar({ stream, format, barsize: 30, hideCursor: true, clearOnComplete: true, etaBuffer: total });
  let before = 0;
  return {
    begin: (concurrency) => {
      if (bar.isActive) bar.update({ at: concurrency });
      else bar.start(total, 0, { at: concurrency });
    },
    answered: (done) => bar.update(before + done),
    level: ({ requests }) => {
      before += requests;
    },
    stop: () => bar.stop(),
  };
}

function linesOf(stream: NodeJS.WriteStream): Progress {
  const nothing = (): void => {};
  return {
    begin: nothing,
    answered: nothing,
    level: ({ concurrency, requests, failed, seconds, throughput }) => {
      const failures = failed === 0 ? "" : `, ${failed} failed`;
      const figures = `${requests} requests in ${formatSeconds(seconds)}, ${formatFigure(throughput.answer)} answer tokens/s`;
      stream.write(`${concurrency} at once: ${figures}${failures}\n`);
    },
    stop: nothing,
  };
}
