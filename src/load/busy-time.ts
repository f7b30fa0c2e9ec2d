/** The part of a request that a worker had it. Instants in milliseconds, in order. */
export interface Span {
  readonly worker: string;
  readonly givenAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Milliseconds. Together they are the time in which any worker was busy. */
export interface BusyTime {
  readonly prefill: number;
  readonly decode: number;
}

interface Mark {
  readonly at: number;
  readonly worker: string;
  readonly waiting: number;
  readonly running: number;
}

/**
 * Divides the time of a pool between prompts and answers. A worker's time belongs to its prompts while any of its
 * requests waits for a first token, and to its answers else; where some workers read and others write, an instant is
 * divided by their number. So prompt tokens over `prefill` and answer tokens over `decode` are rates of all workers
 * together, and the two times add up to what passed on the wall.
 */
export function busyTimeOf(spans: readonly Span[]): BusyTime {
  const marks = spans.flatMap(marksOf).sort((a, b) => a.at - b.at);
  const waiting = new Map<string, number>();
  const running = new Map<string, number>();
  let prefill = 0;
  let decode = 0;
  for (const [index, mark] of marks.entries()) {
    add(waiting, mark.worker, mark.waiting);
    add(running, mark.worker, mark.running);
    const lasted = (marks[index + 1]?.at ?? mark.at) - mark.at;
    if (running.size === 0 || lasted === 0) continue;
    prefill += (lasted * waiting.size) / running.size;
    decode += (lasted * (running.size - waiting.size)) / running.size;
  }
  return { prefill, decode };
}

function marksOf({ worker, givenAt, firstAt, lastAt }: Span): Mark[] {
  return [
    { at: givenAt, worker, waiting: 1, running: 1 },
    { at: firstAt, worker, waiting: -1, running: 0 },
    { at: lastAt, worker, waiting: 0, running: -1 },
  ];
}

/** Keeps only what is above zero, so that a map's size is the number of workers. */
function add(counts: Map<string, number>, worker: string, change: number): void {
  const count = (counts.get(worker) ?? 0) + change;
  if (count === 0) counts.delete(worker);
  else counts.set(worker, count);
}
