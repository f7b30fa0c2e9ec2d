import type { Task } from "./worker.ts";

/** A request of a workload. */
export interface Request extends Task {
  /** What follows when it is answered: the next turn of a chat, after the user has read and written. */
  readonly next?: { readonly request: Request; readonly pause: number };
}

/** When requests come. Seconds, from 0. */
export interface Arrival {
  readonly at: number;
  readonly request: Request;
}

/** A request and all that follow it. */
export function withFollowers(request: Request): Request[] {
  const all: Request[] = [];
  for (let one: Request | undefined = request; one !== undefined; one = one.next?.request) all.push(one);
  return all;
}
