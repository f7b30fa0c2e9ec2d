import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import type { CorralError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import type { EngineMetrics, PoolStats, WorkerEvent, WorkerSnapshot, WorkerStats } from "../pool-types.ts";
import { askWorker } from "../proxy/ask-worker.ts";
import { Connections } from "../proxy/connections.ts";
import type { Fingerprints } from "../proxy/fingerprints.ts";
import { parsedBody } from "../proxy/parsed-body.ts";
import { Quarantine } from "../proxy/quarantine.ts";
import type { UpstreamRequest } from "../proxy/sink.ts";
import { Admission, type AdmissionRules } from "../route/admission.ts";
import { LiveUpstream } from "../route/live-upstream.ts";
import { policyNamed } from "../route/policies.ts";
import { promptOf } from "../route/prompt.ts";
import type { Load } from "../worker/load.ts";
import type { WorkerHandle } from "../worker/worker.ts";
import { expectationOf } from "./expectation.ts";
import { HotPrompts, type HotPromptsSetup } from "./hot-prompts.ts";
import { Instruments } from "./instruments.ts";

/** Options that requests are admitted by. */
export type AdmissionWish = Pick<ResolvedPoolOptions, "policy" | "queueLimit" | "queueBytes">;

const CHAT = "/v1/chat/completions";

/**
 * The workers as those see them who send requests: one upstream for each start of a worker, from the moment it has an
 * address until it is gone. What the supervisor tells of a worker decides whether requests go there.
 */
export class Fleet {
  readonly admission: Admission;
  readonly quarantine: Quarantine;
  readonly connections = new Connections();
  readonly #upstreams = new Map<string, LiveUpstream>();
  readonly #instruments = new Instruments();
  /** Replicas whose worker has died or is being started, with performance.now() of the last that was heard. */
  readonly #coming = new Map<number, number>();
  /** Id of the worker that is being emptied for suspects. */
  #vacating: string | null = null;
  #hotPrompts: HotPrompts | null = null;

  /** @param culprits requests that no worker is to see */
  constructor(wish: AdmissionWish, culprits: Fingerprints) {
    this.admission = new Admission(rulesOf(wish));
    this.quarantine = new Quarantine({
      admission: this.admission,
      culprits,
      readmit: (upstream) => this.#admit(upstream),
      seek: () => void this.#vacate(),
    });
  }

  /** From now on by these; those that wait go on waiting. */
  adopt(wish: AdmissionWish): void {
    this.admission.adopt(rulesOf(wish));
  }

  /** A worker of this plan is being started; it gets no requests yet. */
  enlist({ id, endpoint, slots }: WorkerHandle, plan: Plan | null = null): Load {
    const upstream = new LiveUpstream({ id, endpoint, slots, ...(plan && expectationOf(plan)) });
    upstream.eject();
    this.#upstreams.set(id, upstream);
    return upstream;
  }

  follow({ id, replica, state }: WorkerEvent): void {
    if (state.name === "starting" || state.name === "failed") this.#coming.set(replica, performance.now());
    else this.#coming.delete(replica);
    const upstream = this.#upstreams.get(id);
    if (!upstream) return;
    switch (state.name) {
      case "starting":
        return;
      case "ready":
        if (state.suspect) this.admission.eject(id);
        else this.#welcome(upstream);
        return;
      case "draining":
        this.quarantine.lose(id);
        this.admission.eject(id);
        void this.connections.close(id);
        return;
      case "stopped":
      case "failed":
        this.quarantine.lose(id);
        this.admission.eject(id);
        this.#upstreams.delete(id);
        void this.connections.destroy(id);
    }
  }

  /** Whether a worker serves: all requests, or those that are suspected. */
  get serves(): boolean {
    return this.admission.hasUpstream || this.quarantine.hasRoom;
  }

  /** From now on requests that find no worker are refused instead of waiting. */
  fail(error: CorralError): void {
    this.admission.fail(error);
    this.quarantine.fail(error);
  }

  /** From now on; before the first worker starts. */
  keepHotPrompts(kept: Pick<HotPromptsSetup, "store" | "dir" | "most">): void {
    this.#hotPrompts = new HotPrompts({
      ...kept,
      asking: (upstream, signal) => async (path, body) => {
        const pool = this.connections.to(upstream);
        const answer = await askWorker(pool, upstream.endpoint.key, { path, body, signal });
        if (answer === null) throw new Error(`${upstream.id} refused ${path}`);
        return answer;
      },
      serving: () => [...this.#upstreams.values()].filter(({ healthy }) => healthy),
      holds: (upstream, head) =>
        this.admission.holds(upstream, promptOf(CHAT, head, this.admission.habits.tokensPerByte)),
    });
  }

  /** A request was answered in full by this upstream. */
  answered(request: UpstreamRequest, id: string | null): void {
    const upstream = id === null ? undefined : this.#upstreams.get(id);
    if (request.path !== CHAT || upstream === undefined || this.#hotPrompts === null) return;
    void this.#hotPrompts.answered(parsedBody(request), upstream);
  }

  /** Ends what waits and what runs with this error, and takes nothing from now on. */
  end(error: CorralError): void {
    this.admission.end(error);
    this.quarantine.end(error);
    for (const upstream of this.#upstreams.values()) upstream.cut({ cause: "closed", error });
  }

  measure(workers: readonly WorkerSnapshot[]): Promise<void> {
    return this.#instruments.measure(workers);
  }

  scrape(workers: readonly WorkerSnapshot[]): Promise<EngineMetrics[]> {
    return this.#instruments.scrape(workers, (id) => this.#upstreams.get(id)?.endpoint ?? null);
  }

  stats(
    workers: readonly WorkerSnapshot[],
  ): Pick<PoolStats, "workers" | "slots" | "queued" | "queueLimit" | "suspects" | "culprits" | "hotPrompts"> {
    const stats = workers.map((worker) => this.#workerStats(worker));
    return {
      workers: stats,
      slots: { total: sum(stats, ({ slots }) => slots), busy: sum(stats, ({ inFlight }) => inFlight) },
      queued: this.admission.size,
      queueLimit: this.admission.limit,
      suspects: this.quarantine.suspects,
      culprits: this.quarantine.culprits,
      hotPrompts: this.#hotPrompts?.size ?? 0,
    };
  }

  /** It serves: suspects first, if nobody else is in it. */
  #welcome(upstream: LiveUpstream): void {
    if (this.quarantine.holds(upstream) || this.#vacating === upstream.id) return;
    if (upstream.admitted || upstream.inFlight > 0 || !this.quarantine.offer(upstream)) this.#admit(upstream);
  }

  /** Where no worker is coming that suspects could be tried on, one is emptied for them. */
  async #vacate(): Promise<void> {
    const now = performance.now();
    if (this.#vacating !== null || [...this.#coming.values()].some((since) => now - since < COMES_WITHIN)) return;
    const upstream = [...this.#upstreams.values()].filter(({ admitted }) => admitted).sort(byInFlight)[0];
    if (upstream === undefined) return;
    this.#vacating = upstream.id;
    this.admission.eject(upstream.id);
    await upstream.whenIdle();
    this.#vacating = null;
    if (this.#upstreams.has(upstream.id)) this.#welcome(upstream);
  }

  /** It serves, and one slot of it gets what the others know first. */
  #admit(upstream: LiveUpstream): void {
    void this.#hotPrompts?.warm(upstream);
    this.admission.add(upstream);
  }

  #workerStats({ wellAt = 0, ...worker }: WorkerSnapshot): WorkerStats {
    const upstream = this.#upstreams.get(worker.id);
    const footprint = this.#instruments.footprintOf(worker.pid);
    if (upstream === undefined) return { ...worker, admitted: false, slots: 0, inFlight: 0, served: 0, footprint };
    const { admitted, slots, inFlight, served, lastProgressAt } = upstream;
    const state = worker.state === "ready" && this.quarantine.holds(upstream) ? "trial" : worker.state;
    const quiet = inFlight > 0 ? { quiet: performance.now() - Math.max(lastProgressAt, wellAt) } : {};
    return { ...worker, state, admitted, slots, inFlight, served, footprint, ...quiet };
  }
}

function rulesOf({ policy, queueLimit, queueBytes }: AdmissionWish): AdmissionRules {
  return { policy: policyNamed(policy), limit: queueLimit, bytes: queueBytes };
}

/** Milliseconds after which a worker that was to come is not waited for by suspects. */
const COMES_WITHIN = 60_000;

function byInFlight(a: LiveUpstream, b: LiveUpstream): number {
  return a.inFlight - b.inFlight;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
