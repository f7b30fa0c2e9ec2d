import type { Target } from "../kit/client.ts";

/** What stands between the client and the worker, running: a proxy, corral, or nothing. */
export interface Front {
  readonly name: string;
  readonly target: Target;
  /** All processes of the front, the worker's not among them. None for the direct way. */
  readonly pids: readonly number[];
}

/** A worker that fronts stand before. */
export interface WorkerAddress {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly key: string;
}

/** What a proxy's configuration is made of. */
export interface ProxyStart {
  /** At least one. They share one key. */
  readonly workers: readonly WorkerAddress[];
  /** Concurrent requests each worker takes. */
  readonly slots: number;
  /** So many requests may wait for a slot, others are refused; null: all may. */
  readonly queue: number | null;
  readonly port: number;
  /** A fresh directory of its own for configuration and temporary files. */
  readonly directory: string;
}

/** @param closes whether the worker closes connections behind a stream, as llama-server does */
export function directFront({ host, port, key }: WorkerAddress, closes: boolean): Front {
  return {
    name: "direct",
    target: { origin: `http://${host}:${port}`, headers: { authorization: `Bearer ${key}` }, closes },
    pids: [],
  };
}
