import type { Pulse } from "../engine/engine.ts";
import { slept, sleptToBeat } from "../slept.ts";
import { readCpuTime } from "./cpu-time.ts";
import type { Load } from "./load.ts";
import type { Probe, ProbeAnswer } from "./probe.ts";
import { judge, type Observation, progressLimits, type Verdict } from "./progress.ts";
import { readWants } from "./threads.ts";

/** A share of one CPU below this is no work: answering the probes takes less than a thousandth. */
const LEAST_CPU_SHARE = 0.02;
/** The kernel's ticks are 10 ms; one may come of rounding. */
const LEAST_CPU_TIME = 20;

/**
 * Of so many looks at a worker without a request only one is taken: a probe takes a millisecond or two of two processes,
 * which is much for a pool that does nothing. A request has it looked at as often as ever.
 */
const IDLE_LOOKS = 10;

export interface Watched {
  readonly pid: number;
  readonly probe: Probe;
  readonly load: Load;
  readonly readPulse: (metrics: string) => Pulse | null;
  /** Milliseconds; see progressLimits. */
  readonly stallTimeout: number;
  /** Milliseconds from one look to the next. A silent probe is repeated at once. */
  readonly interval: number;
  /**
   * Milliseconds that one look may take at most; beyond it and the pause before, nobody watched: the machine slept, or
   * the loop was blocked.
   */
  readonly longestLook: number;
  /** Called at each look that finds it well. */
  readonly onWell?: () => void;
  /** CPU time used so far, milliseconds. */
  readonly cpuTime?: (pid: number) => Promise<number | null>;
  /** Whether a thread of it waits for a CPU or a disk. */
  readonly wants?: (pid: number) => Promise<boolean>;
}

/**
 * Looks after a ready worker until it is wedged or the signal aborts; reports each verdict that differs from the last.
 * Never rejects.
 */
export async function watch(watched: Watched, signal: AbortSignal, report: (verdict: Verdict) => void): Promise<void> {
  const eyes = new Watcher(watched);
  let last: Verdict = "ok";
  let pause = watched.interval;
  let skipped = 0;
  const isIdle = (): boolean => last === "ok" && pause > 0 && watched.load.inFlight === 0;
  while (last !== "wedged") {
    if (!(await (isIdle() ? sleptToBeat(pause, signal) : slept(pause, signal)))) return;
    if (isIdle() && ++skipped < IDLE_LOOKS) continue;
    skipped = 0;
    const seen = await eyes.look(signal);
    if (signal.aborted) return;
    const verdict = judge(seen, progressLimits(watched, watched.load.rhythm));
    if (verdict === "ok") watched.onWell?.();
    if (verdict !== last) report(verdict);
    last = verdict;
    pause = seen.failedProbes > 0 ? 0 : watched.interval;
  }
}

/** Turns what it sees into times since. Its clock stands still while nobody looks. */
class Watcher {
  readonly #watched: Watched;
  #clock = 0;
  #lookedAt = performance.now();
  #failedProbes = 0;
  #progress: { stamp: number; at: number };
  #turn: { turns: number | null; at: number } | null = { turns: null, at: 0 };
  #cpu: { used: number; at: number } | null = null;
  #cpuKnown = true;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#progress = { stamp: watched.load.lastProgressAt, at: 0 };
  }

  async look(signal: AbortSignal): Promise<Observation> {
    const { probe, pid, cpuTime = readCpuTime, wants = readWants } = this.#watched;
    const health = await probe.health(signal);
    const metrics = health.kind === "silent" ? health : await probe.metrics(signal);
    const used = await cpuTime(pid);
    this.#turnClock();
    this.#noteHealth(health);
    this.#noteProgress();
    this.#noteTurn(metrics);
    this.#noteCpu(used);
    const sinceCpuUsed = this.#cpu === null ? null : this.#clock - this.#cpu.at;
    return {
      inFlight: this.#watched.load.inFlight,
      sinceProgress: this.#clock - this.#progress.at,
      sinceTurn: this.#turn === null ? null : this.#clock - this.#turn.at,
      sinceCpuUsed,
      // Of use only where it has used none of late.
      wants: sinceCpuUsed !== null && sinceCpuUsed > 0 && (await wants(pid)),
      failedProbes: this.#failedProbes,
    };
  }

  #turnClock(): void {
    const now = performance.now();
    this.#clock += Math.min(now - this.#lookedAt, this.#watched.longestLook + IDLE_LOOKS * this.#watched.interval);
    this.#lookedAt = now;
  }

  #noteHealth(health: ProbeAnswer): void {
    this.#failedProbes = health.kind === "answered" ? 0 : this.#failedProbes + 1;
  }

  /** A byte of an answer is as good as an answered probe. */
  #noteProgress(): void {
    const { inFlight, lastProgressAt } = this.#watched.load;
    if (lastProgressAt !== this.#progress.stamp) {
      this.#progress = { stamp: lastProgressAt, at: this.#clock };
      if (inFlight > 0) this.#failedProbes = 0;
    }
    if (inFlight === 0) this.#progress.at = this.#clock;
  }

  #noteTurn(metrics: ProbeAnswer): void {
    if (metrics.kind === "silent" || this.#turn === null) return;
    const pulse = metrics.status === 200 ? this.#watched.readPulse(metrics.body) : null;
    if (pulse === null) this.#turn = null;
    else if (pulse.working === 0 || pulse.turns !== this.#turn.turns)
      this.#turn = { turns: pulse.turns, at: this.#clock };
  }

  #noteCpu(used: number | null): void {
    if (used === null) this.#cpuKnown = false;
    if (used === null || !this.#cpuKnown) {
      this.#cpu = null;
      return;
    }
    const spent = used - (this.#cpu?.used ?? 0);
    const elapsed = this.#clock - (this.#cpu?.at ?? 0);
    // An idle worker is not expected to use any, and its idle time must not raise what is asked of it later.
    const idle = this.#watched.load.inFlight === 0 && this.#turn?.at === this.#clock;
    if (this.#cpu === null || idle || (spent >= LEAST_CPU_TIME && spent >= elapsed * LEAST_CPU_SHARE)) {
      this.#cpu = { used, at: this.#clock };
    }
  }
}
