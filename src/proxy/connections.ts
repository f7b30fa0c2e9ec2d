import { Pool } from "undici";
import { type Endpoint, originOf } from "../endpoint.ts";

/** Milliseconds. The worker is on this machine: a connection takes microseconds, or its backlog is full. */
const CONNECT_TIMEOUT = 2_000;

/** What is needed to reach an upstream. */
export interface Reachable {
  readonly id: string;
  readonly endpoint: Endpoint;
}

/**
 * Connections to each upstream: one for each request, so as many as it has leases. None is used twice, because
 * llama-server closes a connection after a streamed answer without announcing it; a request that met that closing on
 * the wire would be lost, since nobody could say whether it was begun. An idle connection would also keep one of its
 * few HTTP threads from the probes. A new one costs some 0.2 ms of CPU time; an answer takes milliseconds at least.
 */
export class Connections {
  readonly #pools = new Map<string, Pool>();

  to(upstream: Reachable): Pool {
    const known = this.#pools.get(upstream.id);
    if (known) return known;
    const pool = open(upstream);
    this.#pools.set(upstream.id, pool);
    return pool;
  }

  /** Closes idle connections now and busy ones when they are done. */
  async close(id: string): Promise<void> {
    await this.#pools.get(id)?.close();
  }

  /** Closes all connections now; what is in flight on them fails. */
  async destroy(id: string): Promise<void> {
    const pool = this.#pools.get(id);
    this.#pools.delete(id);
    await pool?.destroy();
  }

  async destroyAll(): Promise<void> {
    await Promise.all([...this.#pools.keys()].map((id) => this.destroy(id)));
  }
}

function open({ endpoint }: Reachable): Pool {
  return new Pool(originOf(endpoint), {
    ...(endpoint.kind === "unix" ? { socketPath: endpoint.socketPath } : {}),
    pipelining: 1,
    connectTimeout: CONNECT_TIMEOUT,
    // A prompt may take minutes to read and a token seconds to come: liveness is the supervisor's to judge.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
