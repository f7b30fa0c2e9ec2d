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
export function simulate(arrivals: readonly Arrival[], scene: Scene): readonly Outcome[] {
  return new Simulation(scene).run(arrivals);
}

class Simulation {
  readonly #workers: readonly SimulatedWorker<Request>[];
  readonly #router: Router;
  readonly #timeline = new Timeline<Event>();
  readonly #underWay = new Map<Request, { arrivedAt: number; firstTokenAt: number }>();
  readonly #outcomes: Outcome[] = [];
  /** Seconds. */
  #now = 0;

  constructor({ workers, shape, createRouter }: Scene) {
    this.#workers = Array.from({ length: workers }, () => new SimulatedWorker<Request>(shape));
    this.#router = createRouter({ now: () => this.#now * 1_000, after: (ms, call) => this.#after(ms, call) });
  }

  run(arrivals: readonly Arrival[]): readonly Outcome[] {
    for (const { at, request } of arrivals) this.#timeline.add(at, { kind: "arrival", request });
    for (let next = this.#timeline.next(); next !== null; next = this.#timeline.next()) {
      this.#now = next.at;
      const touched = this.#happen(next.event);
      // All that start at one moment share the next step.
      const begun = this.#router.starts().map((start) => this.#start(start));
      for (const worker of [...touched, ...begun]) this.#goOn(worker);
    }
    const { size } = this.#underWay;
    if (size > 0) throw new Error(`${size} requests were never answered.`);
    return this.#outcomes;
  }

  /** @returns the workers that have ended a step */
  #happen(event: Event): SimulatedWorker<Request>[] {
    switch (event.kind) {
      case "arrival":
        this.#underWay.set(event.request, { arrivedAt: this.#now, firstTokenAt: Number.NaN });
        this.#router.arrived(event.request);
        return [];
      case "step":
        for (const one of event.worker.endStep(this.#now)) this.#came(one);
        return [event.worker];
      case "alarm":
        event.call();
        return [];
    }
  }

  #came(event: StepEvent<Request>): void {
    const { task: request } = event;
    const times = this.#underWay.get(request);
    if (times === undefined) throw new Error("An answer to a request that never came.");
    if (event.kind === "first-token") {
      times.firstTokenAt = this.#now;
      this.#router.firstToken(request);
      return;
    }
    this.#underWay.delete(request);
    this.#router.ended(request, event.timings);
    this.#outcomes.push({ request, ...times, endedAt: this.#now, cachedTokens: event.timings.cachedTokens });
    const { next } = request;
    if (next) this.#timeline.add(this.#now + next.pause, { kind: "arrival", request: next.request });
  }

  #start({ request, worker: number }: Start): SimulatedWorker<Request> {
    const worker = this.#workers[number];
    if (worker === undefined) throw new Error(`There is no worker ${number}.`);
    worker.start(request, this.#now);
    return worker;
  }

  /** Its next step, if none runs and there is something to do. */
  #goOn(worker: SimulatedWorker<Request>): void {
    const seconds = worker.isBetweenSteps ? worker.beginStep() : null;
    if (seconds !== null) this.#timeline.add(this.#now + seconds, { kind: "step", worker });
  }

  #after(milliseconds: number, call: () => void): () => void {
    let isWanted = true;
    this.#timeline.add(this.#now + milliseconds / 1_000, { kind: "alarm", call: () => isWanted && call() });
    return () => {
      isWanted = false;
    };
  }
}
