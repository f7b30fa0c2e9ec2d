import type { Arrival, Request } from "./request.ts";
import { Timeline } from "./timeline.ts";
import { SimulatedWorker, type StepEvent, type Timings, type WorkerShape } from "./worker.ts";

/** Who decides, as the event loop sees it. Times are seconds. */
export interface Router {
  arrived(request: Request, now: number): void;
  firstToken(request: Request, now: number): void;
  ended(request: Request, timings: Timings, now: number): void;
  /** Those that are to start now, and on which worker. */
  starts(now: number): Iterable<{ readonly request: Request; readonly worker: number }>;
}

/** What became of a request. Seconds. */
export interface Outcome {
  readonly request: Request;
  readonly arrivedAt: number;
  readonly firstTokenAt: number;
  readonly endedAt: number;
  readonly cachedTokens: number;
}

type Event =
  | { readonly kind: "arrival"; readonly request: Request }
  | { readonly kind: "step"; readonly worker: SimulatedWorker<Request> };

/** Runs the requests, and those that follow them, over so many simulated workers. Each is answered, or it throws. */
export function simulate(
  arrivals: readonly Arrival[],
  { workers: count, shape, router }: { workers: number; shape: WorkerShape; router: Router },
): Outcome[] {
  const workers = Array.from({ length: count }, () => new SimulatedWorker<Request>(shape));
  const timeline = new Timeline<Event>();
  const underWay = new Map<Request, { arrivedAt: number; firstTokenAt: number }>();
  const outcomes: Outcome[] = [];

  const happened = (event: StepEvent<Request>, now: number): void => {
    const times = underWay.get(event.task);
    if (times === undefined) throw new Error("An answer to a request that never came.");
    if (event.kind === "first-token") {
      times.firstTokenAt = now;
      router.firstToken(event.task, now);
      return;
    }
    const { task: request, timings } = event;
    underWay.delete(request);
    router.ended(request, timings, now);
    outcomes.push({ request, ...times, endedAt: now, cachedTokens: timings.cachedTokens });
    if (request.next) timeline.add(now + request.next.pause, { kind: "arrival", request: request.next.request });
  };

  const goOn = (worker: SimulatedWorker<Request>, now: number): void => {
    const seconds = worker.isBetweenSteps ? worker.beginStep() : null;
    if (seconds !== null) timeline.add(now + seconds, { kind: "step", worker });
  };

  for (const { at, request } of arrivals) timeline.add(at, { kind: "arrival", request });
  for (let next = timeline.next(); next !== null; next = timeline.next()) {
    const { at: now, event } = next;
    if (event.kind === "arrival") {
      underWay.set(event.request, { arrivedAt: now, firstTokenAt: Number.NaN });
      router.arrived(event.request, now);
    } else {
      for (const one of event.worker.endStep(now)) happened(one, now);
    }
    for (const { request, worker } of router.starts(now)) {
      const simulated = workers[worker];
      if (simulated === undefined) throw new Error(`There is no worker ${worker}.`);
      simulated.start(request, now);
      goOn(simulated, now);
    }
    if (event.kind === "step") goOn(event.worker, now);
  }
  if (underWay.size > 0) throw new Error(`${underWay.size} requests were never answered.`);
  return outcomes;
}
