import type { Endpoint } from "../endpoint.ts";
import type { EngineMetrics, WorkerSnapshot } from "../pool-types.ts";
import { type Footprint, Footprints } from "../worker/footprint.ts";
import { Probe } from "../worker/probe.ts";

/** Milliseconds. A scrape of all waits for the slowest, and whoever scrapes gives up after some seconds. */
const TIMEOUT = 1_000;

/** Reads what workers take and what their engines count. Endpoints and keys don't leave it. */
export class Instruments {
  readonly #footprints = new Footprints();
  #last: ReadonlyMap<number, Footprint> = new Map();

  /** As last measured; null before. */
  footprintOf(pid: number | null): Footprint | null {
    return pid === null ? null : (this.#last.get(pid) ?? null);
  }

  async measure(workers: readonly WorkerSnapshot[]): Promise<void> {
    this.#last = await this.#footprints.of(workers.flatMap(({ pid }) => pid ?? []));
  }

  /** Of those that are ready; one that does not answer in time, or counts nothing, is left out. */
  async scrape(
    workers: readonly WorkerSnapshot[],
    endpointOf: (id: string) => Endpoint | null,
  ): Promise<EngineMetrics[]> {
    const ready = workers.filter(({ state }) => state === "ready");
    const answers = await Promise.all(
      ready.map(async ({ id, replica }) => {
        const endpoint = endpointOf(id);
        const text = endpoint === null ? null : await metricsAt(endpoint);
        return text === null ? [] : [{ replica, text }];
      }),
    );
    return answers.flat();
  }
}

async function metricsAt(endpoint: Endpoint): Promise<string | null> {
  const probe = new Probe(endpoint, TIMEOUT);
  try {
    const answer = await probe.metrics(new AbortController().signal);
    return answer.kind === "answered" && answer.status === 200 ? answer.body : null;
  } finally {
    probe.close();
  }
}
