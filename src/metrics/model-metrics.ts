import { Counter, Histogram, Registry } from "prom-client";
import type { Pool, RequestEvent, ScaleEvent, WorkerEvent } from "../pool-types.ts";
import { GapHistogram } from "./gap-histogram.ts";
import { Restarts } from "./restarts.ts";
import { modelSnapshot, workerSnapshot } from "./snapshot.ts";

/** Seconds: from a cached prompt's first token to a long answer on a slow CPU. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600];

/** All are there from the start, so that a graph has zeros and not gaps. */
const OUTCOMES: readonly RequestEvent["outcome"][] = ["answered", "aborted", "lost", "refused"];
const KINDS = ["prompt", "cached", "completion"] as const;
const SCALE_REASONS: readonly ScaleEvent["why"][] = ["wake", "queue", "spare", "idle", "asked", "machine"];

/**
 * The figures of one model, in a registry of their own so that they are gone with it. Base units; labels with few values:
 * a model's name, an outcome, a kind, a reason, a state, the number of a worker.
 */
export class ModelMetrics {
  readonly #model: string;
  readonly #pools = new Set<Pool>();
  readonly #registry = new Registry();
  readonly #restarts = new Restarts();
  readonly #gaps: GapHistogram;
  readonly #requests = this.#counter(
    "corral_requests_total",
    "Requests that are over, by outcome: answered (whatever the status), aborted by the client, lost with a worker, refused before one.",
    "outcome",
  );
  readonly #tokens = this.#counter(
    "corral_tokens_total",
    "Tokens as the engine counted them in its answers, by kind: prompt, cached (those of the prompt that were not computed again), completion.",
    "kind",
  );
  readonly #continued = new Counter({
    name: "corral_continuations_total",
    help: "Times that a worker was asked to go on with what a lost one had begun.",
    labelNames: ["model"],
    registers: [this.#registry],
  });
  readonly #scaled = this.#counter(
    "corral_scale_events_total",
    "Changes of how many workers are to run, by reason.",
    "reason",
  );
  readonly #duration = this.#histogram(
    "corral_request_seconds",
    "Time from a checked request to the last byte of its answer, of answered ones.",
  );
  readonly #firstToken = this.#histogram(
    "corral_time_to_first_token_seconds",
    "Time from a checked request to the first token of its answer, to the first byte of one that no worker streams; waiting for a slot included.",
  );
  readonly #queued = this.#histogram("corral_queue_seconds", "Time that requests waited for a slot.");

  constructor(model: string) {
    this.#model = model;
    this.#gaps = new GapHistogram({ model });
    for (const histogram of [this.#duration, this.#firstToken, this.#queued]) histogram.zero({ model });
    for (const outcome of OUTCOMES) this.#requests.inc({ model, outcome }, 0);
    for (const kind of KINDS) this.#tokens.inc({ model, kind }, 0);
    this.#continued.inc({ model }, 0);
    for (const reason of SCALE_REASONS) this.#scaled.inc({ model, reason }, 0);
  }

  /** @returns what ends it */
  observe(pool: Pool): () => void {
    const onRequest = (event: RequestEvent): void => this.#count(event);
    const onScaled = ({ why }: ScaleEvent): void => this.#scaled.inc({ model: this.#model, reason: why });
    const onWorker = (event: WorkerEvent): void => this.#restarts.note(event);
    pool.on("request", onRequest).on("scaled", onScaled).on("worker", onWorker);
    this.#pools.add(pool);
    return () => {
      pool.off("request", onRequest).off("scaled", onScaled).off("worker", onWorker);
      this.#pools.delete(pool);
    };
  }

  get pools(): readonly Pool[] {
    return [...this.#pools];
  }

  /** As of now. Each is a family; that of prom-client's registry is said by its types to be something else. */
  async families(): Promise<object[]> {
    const stats = this.pools.map((pool) => ({ ...pool.stats(), isReady: pool.isReady }));
    const workers = stats.flatMap((pool) => pool.workers);
    return [
      ...(await this.#registry.getMetricsAsJSON()),
      this.#gaps.family(),
      ...modelSnapshot(this.#model, stats),
      ...workerSnapshot(this.#model, workers, this.#restarts),
    ];
  }

  #count({ outcome, continued, queuedMs, firstTokenMs, totalMs, gaps, tokens }: RequestEvent): void {
    const model = this.#model;
    this.#requests.inc({ model, outcome });
    this.#continued.inc({ model }, continued);
    this.#queued.observe({ model }, queuedMs / 1000);
    if (firstTokenMs !== null) this.#firstToken.observe({ model }, firstTokenMs / 1000);
    if (outcome === "answered") this.#duration.observe({ model }, totalMs / 1000);
    if (gaps !== null) this.#gaps.add(gaps);
    if (tokens !== null) for (const kind of KINDS) this.#tokens.inc({ model, kind }, tokens[kind]);
  }

  #counter<Label extends string>(name: string, help: string, label: Label): Counter<"model" | Label> {
    return new Counter({ name, help, labelNames: ["model", label], registers: [this.#registry] });
  }

  #histogram(name: string, help: string): Histogram<"model"> {
    return new Histogram({ name, help, labelNames: ["model"], buckets: BUCKETS, registers: [this.#registry] });
  }
}
