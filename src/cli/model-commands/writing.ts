import { SingleBar } from "cli-progress";
import type { WriteOptions } from "../../index.ts";
import { formatBytes } from "../terminal/bytes.ts";

/** Runs a maker with a progress bar where a person watches. An interrupt leaves nothing half-written. */
export async function showWriting(path: string, make: (options: WriteOptions) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  const bar = new SingleBar({
    format: "{bar} {percentage}% of {size}, {eta_formatted} left",
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  process.once("SIGINT", onInterrupt);
  let total = 0;
  try {
    await make({
      signal: interrupt.signal,
      onProgress: (progress) => {
        if (total === 0 && process.stderr.isTTY) bar.start(progress.total, 0, { size: formatBytes(progress.total) });
        total = progress.total;
        bar.update(progress.written);
      },
    });
    bar.stop();
    process.stdout.write(`${path}: ${formatBytes(total)}\n`);
  } catch (error) {
    bar.stop();
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
