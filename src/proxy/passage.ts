import { CorralError } from "../errors.ts";
import type { Admission, RunOptions } from "../route/admission.ts";
import type { Lease } from "../route/live-upstream.ts";
import type { Ending } from "./attempt.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Gate, Task } from "./gate.ts";
import { refuseUnchecked } from "./poison.ts";
import type { UpstreamRequest } from "./sink.ts";
import { verdictOn } from "./suspicion.ts";

/** Null: it is no suspect any more. */
export type Settled = Ending | null;

/** Who knows what is held against which request. */
export interface Guard {
  /** Whether nothing is held against any: then nobody need know a fingerprint. */
  readonly isQuiet: boolean;
  isCulprit(fingerprint: string): boolean;
  isSuspect(fingerprint: string): boolean;
  accuse(passage: Passage): void;
  /** Resolves with what came of it, or with null when it was cleared before its turn. @throws the signal's reason too */
  try(passage: Passage, task: Task, options: RunOptions): Promise<Settled>;
  /** A request was answered in full. */
  noteAnswer(): void;
  /** A request is over. */
  leave(passage: Passage): void;
}

/** The way of one request to the workers: through the admission, or the quarantine while it is suspected. */
export class Passage implements Gate {
  readonly #request: UpstreamRequest;
  readonly #admission: Admission;
  readonly #guard: Guard;
  #fingerprint: string | null = null;
  #isChecked = false;

  constructor(request: UpstreamRequest, admission: Admission, guard: Guard) {
    this.#request = request;
    this.#admission = admission;
    this.#guard = guard;
  }

  /** Of the request as it came, whatever is sent in its place. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.#request);
    return this.#fingerprint;
  }

  /** @throws CorralError CORRAL_REQUEST_KILLS_WORKER, CORRAL_REQUEST_INVALID; what Admission.run throws */
  async run(task: Task, options: RunOptions): Promise<Ending> {
    this.#check();
    for (;;) {
      if (this.#isCulprit) throw culpritError();
      const settled = this.#isSuspect
        ? await this.#guard.try(this, task, options)
        : await this.#admission.run((lease) => this.#unlessHeld(task, lease), options);
      if (settled !== null) return settled;
    }
  }

  /** Once: it is the same in each run. */
  #check(): void {
    if (this.#isChecked) return;
    refuseUnchecked(this.#request);
    this.#isChecked = true;
  }

  rest(upstream: string): void {
    this.#admission.rest(upstream);
  }

  leave(): void {
    if (!this.#guard.isQuiet) this.#guard.leave(this);
  }

  get #isCulprit(): boolean {
    return !this.#guard.isQuiet && this.#guard.isCulprit(this.fingerprint);
  }

  get #isSuspect(): boolean {
    return !this.#guard.isQuiet && this.#guard.isSuspect(this.fingerprint);
  }

  /** While it waited for a slot, the same request may have killed a worker: null. */
  async #unlessHeld(task: Task, lease: Lease): Promise<Settled> {
    if (this.#isCulprit || this.#isSuspect) return null;
    const ending = await task(lease);
    // Before the slot is free: the same request may be the next for one.
    if (verdictOn(ending) === "guilty") this.#guard.accuse(this);
    if (ending.kind === "answered") this.#guard.noteAnswer();
    return ending;
  }
}

export function culpritError(): CorralError {
  return new CorralError(
    "CORRAL_REQUEST_KILLS_WORKER",
    "this request ends the process that works on it, and is refused for a while: change it, or report it to those who make the engine",
    { facts: { code: "request_kills_worker" } },
  );
}
