import { setTimeout as sleep } from "node:timers/promises";
import type { Admission, RunOptions } from "../route/admission.ts";
import type { LiveUpstream } from "../route/live-upstream.ts";
import { Fingerprints } from "./fingerprints.ts";
import type { Task } from "./gate.ts";
import { culpritError, type Guard, Passage, type Settled } from "./passage.ts";
import type { UpstreamRequest } from "./sink.ts";
import { endsWorker, type Verdict, verdictOn } from "./suspicion.ts";

export interface QuarantineSetup {
  readonly admission: Admission;
  /** Requests that are known to kill workers. */
  readonly culprits: Fingerprints;
  /** A worker that served nobody but suspects may serve all again. */
  readonly readmit: (upstream: LiveUpstream) => void;
  /** Suspects wait and no worker has been offered: asked now and then, until one is. */
  readonly seek: () => void;
}

/** Milliseconds for which a suspect stays one that went without a verdict. */
const AT_LARGE = 10 * 60_000;
/** Milliseconds; see Admission. */
const REST = 200;
/** Milliseconds between two looks for a worker. */
const SEEK = 1_000;

interface Waiting {
  readonly passage: Passage;
  readonly task: Task;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Where requests wait that were in a worker when it died of itself. They are tried one at a time, the newest first, on a
 * worker that serves nobody else: the one that was started in the dead one's place, before it is admitted. Who is answered
 * there is innocent; who kills it is refused from then on. The same request is not let to another worker meanwhile.
 */
export class Quarantine implements Guard {
  readonly #setup: QuarantineSetup;
  /** By fingerprint: those on their way that are suspected. */
  readonly #suspects = new Map<string, Set<Passage>>();
  /** Suspects whose callers went before there was a verdict: they are tried when they come again. */
  readonly #atLarge = new Fingerprints(AT_LARGE);
  /** The newest last. */
  #line: Waiting[] = [];
  /** The worker that is theirs. */
  #room: LiveUpstream | null = null;
  /** That one, and those that ended as theirs. */
  readonly #rooms = new WeakSet<LiveUpstream>();
  #isTrying = false;
  #seeking: NodeJS.Timeout | undefined;
  /** Found guilty since a request was answered last: if the workers die of all, it is not the requests. */
  #unproven: string[] = [];
  #convicted = 0;
  #ended: Error | null = null;

  constructor(setup: QuarantineSetup) {
    this.#setup = setup;
  }

  /** Requests that are suspected just now. */
  get suspects(): number {
    let count = 0;
    for (const passages of this.#suspects.values()) count += passages.size;
    return count;
  }

  /** Requests found guilty so far. */
  get culprits(): number {
    return this.#convicted;
  }

  get hasRoom(): boolean {
    return this.#room !== null;
  }

  /** Whether this worker serves nobody but suspects, or did so to its end. */
  holds(upstream: LiveUpstream): boolean {
    return this.#rooms.has(upstream);
  }

  /** A request comes: its way to the workers, to be left when it is over. */
  enter(request: UpstreamRequest): Passage {
    return new Passage(request, this.#setup.admission, this);
  }

  /** A worker that serves nobody. @returns whether it is taken for the suspects; else it may serve all */
  offer(upstream: LiveUpstream): boolean {
    if (this.#room !== null || this.#suspects.size === 0) return false;
    clearInterval(this.#seeking);
    this.#room = upstream;
    this.#rooms.add(upstream);
    this.#next();
    return true;
  }

  /** A worker is gone, or is to be. */
  lose(id: string): void {
    if (this.#room?.id === id) this.#room = null;
  }

  /** No worker comes: those that wait are told, and whoever was found guilty since the last answer is not. */
  fail(error: Error): void {
    for (const fingerprint of this.#unproven.splice(0)) this.#setup.culprits.delete(fingerprint, Date.now());
    for (const { reject } of this.#line.splice(0)) reject(error);
  }

  /** Refuses those that wait, and those that come. */
  end(error: Error): void {
    this.#ended ??= error;
    clearInterval(this.#seeking);
    for (const { reject } of this.#line.splice(0)) reject(error);
  }

  isCulprit(fingerprint: string): boolean {
    return this.#setup.culprits.has(fingerprint, Date.now());
  }

  isSuspect(fingerprint: string): boolean {
    return this.#suspects.has(fingerprint) || this.#atLarge.has(fingerprint, Date.now());
  }

  get isQuiet(): boolean {
    return this.#setup.culprits.size === 0 && this.#suspects.size === 0 && this.#atLarge.size === 0;
  }

  accuse(passage: Passage): void {
    const accused = this.#suspects.get(passage.fingerprint);
    if (accused) accused.add(passage);
    else this.#suspects.set(passage.fingerprint, new Set([passage]));
  }

  async try(passage: Passage, task: Task, { signal }: RunOptions): Promise<Settled> {
    if (this.#ended) throw this.#ended;
    this.accuse(passage);
    const settled = new Promise<Settled>((resolve, reject) => {
      this.#line.push({ passage, task, resolve, reject });
    });
    const leave = (): void => {
      for (const { reject } of this.#take((waiting) => waiting.passage === passage)) reject(signal?.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    if (signal?.aborted) leave();
    this.#next();
    try {
      return await settled;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  noteAnswer(): void {
    if (this.#unproven.length > 0) this.#unproven = [];
  }

  leave(passage: Passage): void {
    const accused = this.#suspects.get(passage.fingerprint);
    if (!accused?.delete(passage)) return;
    this.#atLarge.add(passage.fingerprint, Date.now());
    if (accused.size === 0) this.#suspects.delete(passage.fingerprint);
    this.#next();
  }

  #next(): void {
    const room = this.#room;
    if (room === null) this.#seek();
    else if (!this.#isTrying) {
      const next = this.#line.pop();
      if (next) void this.#tryOne(next, room);
      else if (this.#suspects.size === 0) this.#release(room);
    }
  }

  async #tryOne({ passage, task, resolve, reject }: Waiting, room: LiveUpstream): Promise<void> {
    this.#isTrying = true;
    const lease = room.lease();
    try {
      const ending = await task(lease).finally(() => lease.release());
      const verdict = verdictOn(ending);
      if (endsWorker(ending)) this.lose(room.id);
      this.#conclude(passage.fingerprint, verdict);
      if (verdict === "guilty") reject(culpritError());
      else resolve(ending);
      // Something went wrong on the way there, and whoever knows more is about to say so.
      if (verdict === "open" && this.#room === room) await sleep(REST);
    } catch (error) {
      reject(error);
    }
    this.#isTrying = false;
    this.#next();
  }

  #conclude(fingerprint: string, verdict: Verdict): void {
    if (verdict === "open" || verdict === "withdrawn") return;
    this.#suspects.delete(fingerprint);
    this.#atLarge.delete(fingerprint, Date.now());
    const same = this.#take(({ passage }) => passage.fingerprint === fingerprint);
    if (verdict === "innocent") {
      this.noteAnswer();
      for (const { resolve } of same) resolve(null);
    } else {
      this.#convicted += 1;
      this.#unproven.push(fingerprint);
      this.#setup.culprits.add(fingerprint, Date.now());
      for (const { reject } of same) reject(culpritError());
    }
  }

  #take(matches: (waiting: Waiting) => boolean): Waiting[] {
    const taken = this.#line.filter(matches);
    this.#line = this.#line.filter((waiting) => !taken.includes(waiting));
    return taken;
  }

  #release(room: LiveUpstream): void {
    this.#room = null;
    this.#rooms.delete(room);
    this.#setup.readmit(room);
  }

  #seek(): void {
    clearInterval(this.#seeking);
    if (this.#line.length === 0) return;
    this.#seeking = setInterval(() => {
      if (this.#line.length === 0) clearInterval(this.#seeking);
      else this.#setup.seek();
    }, SEEK);
  }
}
