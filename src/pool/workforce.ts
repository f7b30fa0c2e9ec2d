import type { EventEmitter } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import PQueue from "p-queue";
import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { changesOf, limitsOf, type MachineLimits, watchLimits } from "../machine/watch.ts";
import { claimOf } from "../plan/memory.ts";
import type { Plan } from "../plan/plan.ts";
import type { Failure, PoolEvents } from "../pool-types.ts";
import { firstWorkers, scaleLimitsOf } from "../scale/limits.ts";
import type { Journal } from "../worker/journal.ts";
import { Supervisor, type WorkerSnapshot } from "../worker/supervisor.ts";
import { type Blueprint, draw, equip, machineFor, type PoolSetup, redraw } from "./blueprint.ts";
import { closedError, noRoomToGrow } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import { redrawFor } from "./follow-machine.ts";
import { makeRunDir, removeRunDir } from "./run-dir.ts";
import { type Crew, Scaler } from "./scaler.ts";

export interface WorkforceParts {
  readonly name: string;
  readonly options: ResolvedPoolOptions;
  readonly setup: PoolSetup;
  /** Sees each worker come and go. */
  readonly fleet: Fleet;
  /** Keeps what they write. */
  readonly journal: Journal;
  /** Of the pool. */
  readonly events: EventEmitter<PoolEvents>;
  /** No worker serves, and none is started for a while; and: one serves again. Told before the events. */
  readonly failed: (why: Failure) => void;
  readonly recovered: () => void;
}

/**
 * Which workers a pool has: planned, equipped, started, scaled with the load, planned anew when options or the machine
 * change. It owns the plan; the supervisor below it owns each worker, the scaler beside it their number.
 */
export class Workforce {
  readonly #parts: WorkforceParts;
  readonly #scaler: Scaler;
  /** Workers are started and ended for one plan after the other. */
  readonly #changes = new PQueue({ concurrency: 1 });
  /** Aborts when the pool is to end: its start is given up, and the machine is watched no longer. */
  readonly #giveUp = new AbortController();
  /** What plans are made by: the pool's options, or what `scale` made of them. */
  #wish: ResolvedPoolOptions;
  #blueprint: Blueprint | null = null;
  #runDir: string | null = null;
  #promptDir: string | undefined;
  #supervisor: Supervisor | null = null;

  constructor(parts: WorkforceParts) {
    this.#parts = parts;
    this.#wish = parts.options;
    this.#scaler = new Scaler({
      admission: parts.fleet.admission,
      run: (plan) => this.#changes.add(() => this.#goOverTo(plan)),
      tell: (event) => parts.events.emit("scaled", event),
    });
  }

  /** Null until it has been drawn. */
  get blueprint(): Blueprint | null {
    return this.#blueprint;
  }

  /** See Scaler. */
  get isAsleep(): boolean {
    return this.#scaler.isAsleep;
  }

  get isServing(): boolean {
    return this.#scaler.isServing;
  }

  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  snapshot(): WorkerSnapshot[] {
    return this.#supervisor?.snapshot() ?? [];
  }

  /** A request has come; is over. */
  enter(): void {
    this.#scaler.enter();
  }

  leave(): void {
    this.#scaler.leave();
  }

  /** Resolves when the first workers serve, or when the first request may start them. @throws as `createPool` */
  async start(): Promise<void> {
    const { options, setup, events } = this.#parts;
    const signal = AbortSignal.any([this.#giveUp.signal, ...(setup.signal ? [setup.signal] : [])]);
    signal.throwIfAborted();
    this.#blueprint = await draw(options, setup);
    events.emit("planned", this.#blueprint.plan);
    const { blueprint, program } = await equip(this.#blueprint, options, setup, signal);
    this.#blueprint = blueprint;
    for (const sentence of program.warnings) events.emit("warning", sentence);
    this.#runDir = await makeRunDir();
    signal.throwIfAborted();
    await this.#keepHotPrompts(blueprint.chosen.engine, this.#runDir);
    const crew = this.#crewOf(blueprint.plan);
    const workers = this.#mayStart(blueprint.plan) ? firstWorkers(options, crew.limits) : 0;
    this.#supervisor = this.#supervise(blueprint, workers, program, this.#runDir);
    if (workers > 0) await this.#supervisor.start(signal);
    this.#scaler.begin(crew, workers);
    this.#followMachine(limitsOf(blueprint.machine));
  }

  /** Goes over to what these options plan; wakes it where asked to. @throws as Pool.scale; nothing has changed then */
  async adopt(wish: ResolvedPoolOptions, { wakes }: { readonly wakes: boolean }): Promise<void> {
    const blueprint = this.#blueprint;
    if (blueprint === null) throw closedError(this.#parts.name);
    const next = redraw(blueprint, wish, blueprint.machine);
    if (!this.#hasRoomFor(next.plan)) throw noRoomToGrow(this.#parts.name);
    this.#blueprint = next;
    this.#wish = wish;
    const crew = this.#crewOf(next.plan);
    const workers = this.isAsleep && !wakes ? 0 : firstWorkers(wish, crew.limits);
    await this.#scaler.adopt(crew, "asked", workers);
  }

  /** See Scaler. @throws CorralError CORRAL_NO_ROOM */
  load(): Promise<void> {
    return this.#scaler.load();
  }

  unload(why: "asked" | "room"): Promise<void> {
    return this.#scaler.unload(why);
  }

  /** Every worker anew, one after the other. @throws CorralError of the first that does not come to serve again */
  async restart(): Promise<void> {
    await this.#scaler.hold(() => this.#changes.add(async () => await this.#supervisor?.restart()));
  }

  /** Nothing is started from now on. */
  giveUp(error: Error): void {
    this.#scaler.end();
    this.#giveUp.abort(error);
  }

  /** After `giveUp`. Resolves when nothing is left. */
  async end(how: "close" | "destroy"): Promise<void> {
    await this.#supervisor?.[how]();
    this.#parts.setup.residence?.leave();
  }

  async removeFiles(): Promise<void> {
    if (this.#runDir) await removeRunDir(this.#runDir);
  }

  /** Whether the first workers are started now, and not by the first request. */
  #mayStart(plan: Plan): boolean {
    const { setup, events } = this.#parts;
    const { isLazy = false, residence } = setup;
    if (isLazy) return false;
    const hasRoom = residence === undefined || residence.tryEnter(claimOf(plan));
    if (!hasRoom)
      events.emit("warning", "Other models hold the memory that this one needs: its first request loads it.");
    return hasRoom;
  }

  /** Who holds nothing asks for room when it wakes. */
  #hasRoomFor(plan: Plan): boolean {
    return this.isAsleep || this.#parts.setup.residence?.tryEnter(claimOf(plan)) !== false;
  }

  /** @throws CorralError CORRAL_NO_ROOM, CORRAL_POOL_CLOSED */
  async #goOverTo(plan: Plan): Promise<void> {
    const { residence } = this.#parts.setup;
    if (plan.workers.length > 0) await residence?.enter(claimOf(plan), this.#giveUp.signal);
    const { budget } = plan.memory;
    const memory = { ...plan.memory, budget: budget - (residence?.heldByOthers() ?? 0) };
    await this.#supervisor?.scale({ ...plan, memory });
    if (plan.workers.length === 0) residence?.leave();
  }

  #crewOf(plan: Plan): Crew {
    return { plan, limits: scaleLimitsOf(this.#wish, plan) };
  }

  async #keepHotPrompts({ promptStore }: Engine, runDir: string): Promise<void> {
    const { hotPrompts: most } = this.#parts.options;
    if (promptStore === null || most === 0) return;
    this.#promptDir = join(runDir, "prompts");
    await mkdir(this.#promptDir);
    this.#parts.fleet.keepHotPrompts({ store: promptStore, dir: this.#promptDir, most });
  }

  #supervise({ chosen, plan }: Blueprint, workers: number, program: Program, runDir: string): Supervisor {
    const { options, fleet, journal, events, failed, recovered } = this.#parts;
    const supervisor = new Supervisor({
      engine: chosen.engine,
      program,
      plan: { ...plan, workers: plan.workers.slice(0, workers) },
      options,
      runDir,
      promptDir: this.#promptDir,
      loadOf: (start) => fleet.enlist(start, this.#blueprint?.plan ?? plan),
      journal,
    });
    supervisor.on("worker", (event) => {
      fleet.follow(event);
      this.#scaler.look();
      events.emit("worker", event);
    });
    supervisor.on("warning", (sentence) => events.emit("warning", sentence));
    supervisor.on("failed", (failure) => {
      failed(failure);
      events.emit("failed", failure);
    });
    supervisor.on("recovered", () => {
      recovered();
      events.emit("recovered");
    });
    return supervisor;
  }

  /** From now on, until the pool ends. */
  #followMachine(limits: MachineLimits): void {
    const { machine, machineRoot: root } = this.#parts.setup;
    if (machine !== undefined) return;
    const { signal } = this.#giveUp;
    void watchLimits(limits, (now, before) => this.#replan(changesOf(before, now)), { root, signal });
  }

  /** Goes over to what suits the machine as it is now. Resolves when that is decided. */
  async #replan(changes: readonly string[]): Promise<void> {
    const { setup, events } = this.#parts;
    const pids = this.snapshot().flatMap(({ pid }) => pid ?? []);
    const machine = await machineFor(setup, pids);
    if (this.#giveUp.signal.aborted || this.#blueprint === null) return;
    const redrawn = redrawFor(machine, this.#blueprint, this.#wish, changes);
    if (redrawn.kind !== "same") events.emit("warning", redrawn.sentence);
    if (redrawn.kind === "does-not-fit" || !this.#hasRoomFor(redrawn.blueprint.plan)) return;
    this.#blueprint = redrawn.blueprint;
    if (redrawn.kind === "same") return;
    events.emit("planned", redrawn.blueprint.plan);
    // It fails only where the pool closes.
    this.#scaler.adopt(this.#crewOf(redrawn.blueprint.plan), "machine").catch(() => {});
  }
}
