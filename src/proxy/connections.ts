import { Pool } from "undici";
import { type Endpoint, originOf } from "../endpoint.ts";

/**
 * llama-server closes a connection that has been idle for 5 s or has served 100 requests (cpp-httplib's defaults). We
 * close first: a request that meets the worker's closing on the wire would be lost, since nobody could say whether it
 * was begun.
 */
const IDLE_LIMIT = 3_000;
const REQUESTS_LIMIT = 90;
/** Milliseconds. The worker is on this machine: a connection takes microseconds, or its backlog is full. */
const CONNECT_TIMEOUT = 2_000;

/** What is needed to reach an upstream. */
export interface Reachable {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly slots: number;
}

/** Kept-alive connections to each upstream, at most one a slot. */
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

function open({ endpoint, slots }: Reachable): Pool {
  return new Pool(originOf(endpoint), {
    ...(endpoint.kind === "unix" ? { socketPath: endpoint.socketPath } : {}),
    connections: slots,
    pipelining: 1,
    connectTimeout: CONNECT_TIMEOUT,
    keepAliveTimeout: IDLE_LIMIT,
    keepAliveMaxTimeout: IDLE_LIMIT,
    maxRequestsPerClient: REQUESTS_LIMIT,
    // A prompt may take minutes to read and a token seconds to come: liveness is the supervisor's to judge.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
