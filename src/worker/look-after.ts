import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Engine } from "../engine/engine.ts";
import type { Load } from "./load.ts";
import { patience } from "./patience.ts";
import { Probe } from "./probe.ts";
import { untilReady } from "./readiness.ts";
import type { Fault } from "./state.ts";
import { readStopped, untilStopped } from "./stopped.ts";
import { watch } from "./watch.ts";

/** A process that is to serve. */
export interface LookedAfter {
  readonly pid: number;
  readonly endpoint: Endpoint;
  readonly load: Load;
  readonly readPulse: Engine["readPulse"];
  readonly options: Pick<ResolvedPoolOptions, "startTimeout" | "probeInterval" | "probeTimeout" | "stallTimeout">;
}

/** Who is told what is seen of it. */
export interface Onlooker {
  ready(): void;
  /** A look found it well. */
  well(): void;
  /** Whether something is wrong with it that may pass. */
  suspect(isSuspect: boolean): void;
  /** It won't serve any more, though it has not ended. Told once or more. */
  lost(fault: Fault): void;
}

/** Waits until it serves, and then watches it. Resolves when the signal aborts, or when it does not come to serve. */
export async function lookAfter(worker: LookedAfter, signal: AbortSignal, onlooker: Onlooker): Promise<void> {
  const { pid, endpoint, load, readPulse, options } = worker;
  const { startTimeout, probeInterval: interval, probeTimeout, stallTimeout } = options;
  const probe = new Probe(endpoint, probeTimeout);
  const limit = patience(startTimeout);
  try {
    if (!(await untilReady(probe, AbortSignal.any([signal, limit.signal])))) {
      if (limit.signal.aborted) onlooker.lost("never-ready");
      return;
    }
    limit.end();
    onlooker.ready();
    void untilStopped({ pid, load }, signal).then((isStopped) => {
      if (isStopped) onlooker.lost("stopped");
    });
    const longestLook = interval + 2 * probeTimeout;
    const watched = { pid, probe, load, readPulse, stallTimeout, interval, longestLook, onWell: onlooker.well };
    await watch(watched, signal, (verdict) => {
      if (verdict === "wedged") onlooker.lost(readStopped(pid) ? "stopped" : "wedged");
      else onlooker.suspect(verdict === "suspect");
    });
  } finally {
    limit.end();
    probe.close();
  }
}
