import { type Arrival, type Request, withFollowers } from "./request.ts";
import type { WorkerShape } from "./worker.ts";

/**
 * Seconds of a worker that a request takes where no cache has any of its prompt and all slots write answers: what a
 * worker's capacity is counted in.
 */
export function demandOf({ prompt, answer }: Request, { speed, slots }: WorkerShape): number {
  return prompt.length / speed.prefill + (answer.tokens * speed.step(slots)) / slots;
}

/** The same order and ratios of distances, spread so that the requests take this share (1: all) of the workers' time. */
export function paced(arrivals: readonly Arrival[], workers: number, load: number, shape: WorkerShape): Arrival[] {
  const demand = arrivals
    .flatMap(({ request }) => withFollowers(request))
    .reduce((sum, request) => sum + demandOf(request, shape), 0);
  const span = Math.max(...arrivals.map(({ at }) => at)) || 1;
  const factor = demand / (load * workers * span);
  return arrivals.map(({ at, request }) => ({ at: at * factor, request }));
}
