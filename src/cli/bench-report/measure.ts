import { type LoadFigures, measureLoad, type Pool, type RequestShape } from "../../index.ts";
import type { Level } from "./levels.ts";
import { showProgress } from "./progress.ts";

export interface Measured {
  readonly levels: readonly LoadFigures[];
  /** What ended it before all were measured; null where they are. */
  readonly error: unknown;
}

/** One level after the other, with progress on stderr. Never rejects: what has been measured is not lost. */
export async function measureLevels(
  pool: Pool,
  shapes: readonly RequestShape[],
  planned: readonly Level[],
  signal: AbortSignal,
): Promise<Measured> {
  const total = planned.reduce((sum, { requests }) => sum + requests, 0);
  const progress = showProgress(process.stderr, total);
  const levels: LoadFigures[] = [];
  try {
    for (const level of planned) {
      progress.begin(level.concurrency);
      const figures = await measureLoad(pool, { ...level, shapes, signal, onAnswer: progress.answered });
      levels.push(figures);
      progress.level(figures);
    }
    return { levels, error: null };
  } catch (error) {
    return { levels, error };
  } finally {
    progress.stop();
  }
}
