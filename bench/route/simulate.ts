import type { Clock } from "../../src/route/clock.ts";
import type { Arrival, Request } from "./request.ts";
import { Timeline } from "./timeline.ts";
import { SimulatedWorker, type StepEvent, type Timings, type WorkerShape } from "./worker.ts";

/** Who decides, as the event loop sees it. */
export interface Router {
  arrived(request: Request): void;
  firstToken(request: Request): void;
  ended(request: Request, timings: Timings): void;
  /** Those that are to start now; each is told of once. */
  starts(): readonly Start[];
}

export interface Start {
  readonly request: Request;
  /** From 0. */
  readonly worker: number;
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
  | { readonly kind: "step"; readonly worker: SimulatedWorker<Request> }
  | { readonly kind: "alarm"; readonly call: () => void };

export interface Scene {
  readonly workers: number;
  readonly shape: WorkerShape;
  /** The clock is the simulation's: milliseconds, as everybody's who decides. */
  readonly createRouter: (clock: Clock) => Router;
}

/** Runs the requests, and those that follow them, over simulated workers. Each is answered, or it throws. */
export function simulate(arrivals: readonly Arrival[], { workers: count, shape, createRouter }: Scene): Outcome[] {
  const workers = Array.from({ length: count }, () => new SimulatedWorker<Request>(shape));
  const timeline = new Timeline<Event>();
  const underWay = new Map<Request, { arrivedAt: number; firstTokenAt: number }>();
  const outcomes: Outcome[] = [];
  let now = 0;
  const router = createRouter({ now: () => now * 1_000, after });

  for (const { at, request } of arrivals) timeline.add(at, { kind: "arrival", request });
  for (let next = timeline.next(); next !== null; next = timeline.next()) {
    now = next.at;
    happen(next.event);
    const begun = router.starts().map(({ request, worker }) => start(request, workerAt(worker)));
    for (const worker of begun) goOn(worker);
    if (next.event.kind === "step") goOn(next.event.worker);
  }
  if (underWay.size > 0) throw new Error(`${underWay.size} requests were never answered.`);
  return outcomes;

  function happen(event: Event): void {
    switch (event.kind) {
      case "arrival":
        underWay.set(event.request, { arrivedAt: now, firstTokenAt: Number.NaN });
        return router.arrived(event.request);
      case "step":
        return event.worker.endStep(now).forEach(came);
      case "alarm":
        return event.call();
    }
  }

  function came(event: StepEvent<Request>): void {
    const times = underWay.get(event.task);
    if (times === undefined) throw new Error("An answer to a request that never came.");
    if (event.kind === "first-token") {
      times.firstTokenAt = now;
      return router.firstToken(event.task);
    }
    const { task: request, timings } = event;
    underWay.delete(request);
    router.ended(request, timings);
    outcomes.push({ request, ...times, endedAt: now, cachedTokens: timings.cachedTokens });
    if (request.next) timeline.add(now + request.next.pause, { kind: "arrival", request: request.next.request });
  }

  function start(request: Request, worker: SimulatedWorker<Request>): SimulatedWorker<Request> {
    worker.start(request, now);
    return worker;
  }

  /** Its next step, if none runs. */
  function goOn(worker: SimulatedWorker<Request>): void {
    const seconds = worker.isBetweenSteps ? worker.beginStep() : null;
    if (seconds !== null) timeline.add(now + seconds, { kind: "step", worker });
  }

  function workerAt(number: number): SimulatedWorker<Request> {
    const worker = workers[number];
    if (worker === undefined) throw new Error(`There is no worker ${number}.`);
    return worker;
  }

  function after(milliseconds: number, call: () => void): () => void {
    let isWanted = true;
    timeline.add(now + milliseconds / 1_000, { kind: "alarm", call: () => isWanted && call() });
    return () => {
      isWanted = false;
    };
  }
}
