import type { Plan } from "../plan/plan.ts";
import type { ScaleEvent } from "../pool-types.ts";
import type { Admission } from "../route/admission.ts";
import { afterChange, decide, type ScaleState, scaleStateOf } from "../scale/decide.ts";
import type { ScaleLimits } from "../scale/limits.ts";

/** A plan, and how many of its workers may run. */
export interface Crew {
  readonly plan: Plan;
  readonly limits: ScaleLimits;
}

export interface ScalerSetup {
  readonly admission: Admission;
  /** Goes over to a plan; called again before it has resolved, it does one after the other. */
  readonly run: (plan: Plan) => Promise<void>;
  readonly tell: (event: ScaleEvent) => void;
}

/** Milliseconds: timers take no more. Looking once too often does no harm. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * How many workers of a plan run: the only owner of that number. It counts requests, asks `decide` what they mean, and
 * has it done. While nothing could come of it there is no timer.
 */
export class Scaler {
  readonly #setup: ScalerSetup;
  #crew: Crew | null = null;
  #state: ScaleState = scaleStateOf(0);
  #requests = 0;
  #changes = 0;
  #isWaking = false;
  #isUnloading = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(setup: ScalerSetup) {
    this.#setup = setup;
  }

  /** Whether no worker runs because none was needed: a request is served all the same, by one that it starts. */
  get isAsleep(): boolean {
    if (this.#crew === null) return false;
    return this.#state.target === 0 || (this.#isWaking && !this.#setup.admission.hasUpstream);
  }

  /** Whether a request that finds no worker finds one soon: none runs because that was decided here. */
  get isServing(): boolean {
    return this.#crew !== null && (this.#state.target === 0 || this.#isChanging);
  }

  /** Whether workers are being started or ended as they should. */
  get #isChanging(): boolean {
    return this.#changes > 0;
  }

  /** Workers have been started: so many of these. */
  begin(crew: Crew, workers: number): void {
    this.#crew = crew;
    this.#state = scaleStateOf(workers);
    this.look();
  }

  /**
   * Another plan: with as many workers as given, else as many as before within its limits. Resolves when they run.
   * @throws CorralError CORRAL_POOL_CLOSED
   */
  async adopt(crew: Crew, why: "asked" | "machine", workers?: number): Promise<void> {
    const { least, most } = crew.limits;
    const from = this.#state.target;
    const kept = from === 0 ? 0 : Math.min(most, Math.max(least, from));
    this.#crew = crew;
    this.#state = scaleStateOf(workers ?? kept);
    await this.#change(crew, { from, to: this.#state.target, why });
  }

  /** Starts the fewest that serve, where none runs. Resolves when they have been tried. @throws what `run` throws */
  async load(): Promise<void> {
    const crew = this.#crew;
    if (crew === null || this.#state.target > 0) return;
    this.#state = scaleStateOf(crew.limits.least);
    this.#isWaking = true;
    await this.#change(crew, { from: 0, to: crew.limits.least, why: "asked" });
  }

  /** Ends all when their requests are over; those that come meanwhile wait, and start them anew. Resolves when it is done. */
  async unload(why: "asked" | "room"): Promise<void> {
    const from = this.#state.target;
    if (this.#crew === null || from === 0) return;
    this.#state = scaleStateOf(0);
    this.#isUnloading = true;
    await this.#change(this.#crew, { from, to: 0, why });
  }

  /** Their number stays while they are replaced, and requests wait as for any change. Rejects as `replace` does. */
  async hold(replace: () => Promise<void>): Promise<void> {
    if (this.#crew === null) return;
    const { target } = this.#state;
    await this.#change(this.#crew, { from: target, to: target, why: "asked" }, replace);
  }

  /** Nothing is changed from now on. */
  end(): void {
    this.#crew = null;
    clearTimeout(this.#timer);
  }

  /** A request has come, which may have to wait. */
  enter(): void {
    this.#requests += 1;
    this.look();
  }

  /** A request is over. */
  leave(): void {
    this.#requests -= 1;
    this.look();
  }

  /** Decides anew. To be called when a worker has changed its state, too. */
  look(): void {
    clearTimeout(this.#timer);
    if (this.#crew === null || this.#isUnloading) return;
    const { admission } = this.#setup;
    const from = this.#state.target;
    const seen = {
      now: performance.now(),
      requests: this.#requests,
      waited: admission.waited,
      serves: admission.hasUpstream,
      isChanging: this.#isChanging,
    };
    const { state, why, again } = decide(seen, this.#state, this.#crew.limits);
    this.#state = state;
    if (why !== null) {
      this.#isWaking = why === "wake";
      // It fails only where the pool closes, and then there is nobody to tell.
      this.#change(this.#crew, { from, to: state.target, why }).catch(() => {});
    } else if (again !== null) {
      this.#timer = setTimeout(() => this.look(), Math.min(again, LONGEST_TIMER)).unref();
    }
  }

  async #change({ plan, limits }: Crew, event: ScaleEvent, make?: () => Promise<void>): Promise<void> {
    const { admission, run, tell } = this.#setup;
    this.#changes += 1;
    admission.expect(Math.max(event.to, limits.least) * limits.slots);
    if (event.from !== event.to) tell(event);
    try {
      await (make?.() ?? run({ ...plan, workers: plan.workers.slice(0, event.to) }));
    } catch (error) {
      this.#giveUp(event, error as Error);
      throw error;
    } finally {
      this.#changes -= 1;
      if (!this.#isChanging) this.#settle();
    }
  }

  /** None could be started: who waits for them is told, and the next request tries again. */
  #giveUp({ from }: ScaleEvent, error: Error): void {
    if (this.#crew === null || from > 0) return;
    this.#state = scaleStateOf(0);
    this.#setup.admission.dismiss(error);
  }

  /** All changes are over. */
  #settle(): void {
    this.#isUnloading = false;
    if (this.#crew === null) return;
    const { least, slots } = this.#crew.limits;
    this.#isWaking = false;
    this.#state = afterChange(this.#state, performance.now());
    this.#setup.admission.expect(this.#state.target === 0 ? least * slots : 0);
    this.look();
  }
}
