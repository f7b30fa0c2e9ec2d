/** How the CPUs are split: so many llama-server processes of so many threads. */
export interface Shape {
  readonly workers: number;
  readonly threads: number;
  /** Concurrent sequences in each worker; all shapes offer the same in total. */
  readonly slots: number;
}

const MOST_SHAPES = 5;

/**
 * One worker with all CPUs, then twice as many with half of them, down to one thread each; at most five shapes, so that
 * a big host's run ends (1x96, 2x48, 4x24, 8x12, 16x6). On two CPUs: 1x2 and 2x1.
 */
export function shapesFor(cpus: number, concurrency: number): Shape[] {
  const shapes: Shape[] = [];
  for (let workers = 1; workers <= cpus && shapes.length < MOST_SHAPES; workers *= 2) {
    shapes.push({ workers, threads: Math.floor(cpus / workers), slots: Math.max(1, Math.ceil(concurrency / workers)) });
  }
  return shapes;
}

export function shapeName({ workers, threads }: Shape): string {
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  return `corral, ${plural(workers, "worker")} x ${plural(threads, "thread")}`;
}
