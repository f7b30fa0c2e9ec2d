import { CorralError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import { headroomOf } from "../plan/memory.ts";
import { type Applicant, decide, fits, type Occupancy, type Resident } from "./decide.ts";
import type { Residence } from "./residence.ts";

export interface ResidencyLimits {
  /** How many models there are. */
  readonly models: number;
  /** Bytes that all may hold together; "auto": what the machine has. */
  readonly memory: number | "auto";
  /** Milliseconds. */
  readonly dwellTime: number;
  /** Milliseconds that somebody waits for room. */
  readonly roomTimeout: number;
}

export interface ResidencySetup extends ResidencyLimits {
  /** The machine, as if these processes were gone. */
  readonly readMachine: (pids: readonly number[]) => Promise<Machine>;
}

/** One that shares the memory. */
export interface Tenant {
  readonly model: string;
  group(): string | null;
  /** Processes that hold its memory. */
  pids(): readonly number[];
  /** Requests that wait or run. */
  requests(): number;
  /** performance.now() of when its last request began or ended. */
  lastUsed(): number;
  /** To end its workers when their requests are over; it calls `leave` then. */
  unload(): void;
}

/** A tenant, and where it stands. */
interface Entry {
  readonly tenant: Tenant;
  state: Outside | Waiting | Inside;
}

interface Outside {
  readonly kind: "outside";
}

interface Waiting {
  readonly kind: "waiting";
  readonly bytes: number;
  readonly since: number;
  readonly admit: () => void;
}

interface Inside {
  readonly kind: "inside";
  readonly bytes: number;
  readonly since: number;
  readonly isLeaving: boolean;
}

const OUTSIDE: Outside = { kind: "outside" };

/** Seconds after which to ask again, where nobody knows. */
const RETRY_AFTER = 10;

/** Which models are in memory: the only owner of who holds how much of it. */
export class Residency {
  readonly #setup: ResidencySetup;
  /** Not those outside. Who waits for longest is first of those that wait. */
  readonly #entries = new Set<Entry>();
  #budget = 0;
  #switchedAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #limits: ResidencyLimits;

  constructor(setup: ResidencySetup) {
    this.#setup = setup;
    this.#limits = setup;
  }

  /** Bytes that all may hold together; 0 before the machine was first read. */
  get budget(): number {
    return this.#budget;
  }

  get used(): number {
    return this.#occupancy().residents.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** From now on by other limits; what is in memory stays until somebody needs room. */
  limit(limits: ResidencyLimits): void {
    this.#limits = limits;
  }

  /** Whether another pool of this model would fit as things are. */
  hasRoom(model: string, bytes: number): boolean {
    return fits({ model, bytes, group: null }, this.#occupancy().residents, this.#budget);
  }

  join(tenant: Tenant): Residence {
    const entry: Entry = { tenant, state: OUTSIDE };
    return {
      readMachine: (pids) => this.readMachine(pids),
      tryEnter: (bytes) => this.#tryEnter(entry, bytes),
      enter: (bytes, signal) => this.#enter(entry, bytes, signal),
      sharers: () => this.#limits.models,
      heldByOthers: () => this.used - (entry.state.kind === "inside" ? entry.state.bytes : 0),
      startLeaving: () => {
        if (entry.state.kind === "inside") entry.state = { ...entry.state, isLeaving: true };
      },
      leave: () => {
        this.#move(entry, OUTSIDE);
        this.look();
      },
    };
  }

  /** The machine as if no tenant ran, these processes neither, and with no more memory than all may hold together. */
  async readMachine(pids: readonly number[]): Promise<Machine> {
    const held = [...this.#entries].flatMap(({ tenant }) => tenant.pids());
    const machine = await this.#setup.readMachine([...new Set([...held, ...pids])]);
    const { memory } = this.#limits;
    const available = memory === "auto" ? machine.memory.available : Math.min(memory, machine.memory.available);
    const most = Math.min(available, machine.memory.limit ?? available);
    this.#budget = Math.max(0, most - headroomOf(most));
    return { ...machine, memory: { ...machine.memory, available } };
  }

  /** Decides anew. To be called when a request of a tenant has come or gone. */
  look(): void {
    clearTimeout(this.#timer);
    while ([...this.#entries].some(({ state }) => state.kind === "waiting")) {
      const ruling = decide(this.#occupancy());
      if (ruling.kind === "wait") {
        if (ruling.again !== null) this.#timer = setTimeout(() => this.look(), ruling.again).unref();
        return;
      }
      if (ruling.kind === "admit") this.#admit(ruling.key);
      else this.#unload(ruling.keys);
    }
  }

  #occupancy(): Occupancy<Entry> {
    const residents: Resident<Entry>[] = [];
    const applicants: Applicant<Entry>[] = [];
    for (const entry of this.#entries) {
      const { tenant, state } = entry;
      const known = { ...state, key: entry, model: tenant.model, group: tenant.group() };
      if (known.kind === "waiting") applicants.push(known);
      if (known.kind !== "inside") continue;
      residents.push({ ...known, requests: tenant.requests(), lastUsed: tenant.lastUsed() });
    }
    const { dwellTime } = this.#limits;
    return {
      now: performance.now(),
      budget: this.#budget,
      dwellTime,
      switchedAt: this.#switchedAt,
      residents,
      applicants,
    };
  }

  #tryEnter(entry: Entry, bytes: number): boolean {
    const { state, tenant } = entry;
    const others = this.#occupancy().residents.filter(({ key }) => key !== entry);
    if (!fits({ model: tenant.model, bytes, group: tenant.group() }, others, this.#budget)) return false;
    const since = state.kind === "inside" ? state.since : performance.now();
    this.#move(entry, { kind: "inside", bytes, since, isLeaving: false });
    return true;
  }

  async #enter(entry: Entry, bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Who is inside keeps what it has, and gets more only where that is free.
    if (entry.state.kind === "inside") {
      if (!this.#tryEnter(entry, bytes)) throw this.#noRoom(entry, 0);
      return;
    }
    const { roomTimeout } = this.#limits;
    let timer: NodeJS.Timeout | undefined;
    let abort = (): void => {};
    try {
      await new Promise<void>((admit, refuse) => {
        abort = () => refuse(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        timer = setTimeout(() => refuse(this.#noRoom(entry, roomTimeout)), roomTimeout);
        this.#move(entry, { kind: "waiting", bytes, since: performance.now(), admit });
        this.look();
      });
    } catch (error) {
      this.#move(entry, OUTSIDE);
      this.look();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  #admit(entry: Entry): void {
    const { state } = entry;
    if (state.kind !== "waiting") return;
    this.#move(entry, { kind: "inside", bytes: state.bytes, since: performance.now(), isLeaving: false });
    state.admit();
  }

  #unload(entries: readonly Entry[]): void {
    this.#switchedAt = performance.now();
    for (const entry of entries) {
      if (entry.state.kind === "inside") entry.state = { ...entry.state, isLeaving: true };
      entry.tenant.unload();
    }
  }

  #move(entry: Entry, state: Entry["state"]): void {
    entry.state = state;
    if (state.kind === "outside") this.#entries.delete(entry);
    else this.#entries.add(entry);
  }

  #noRoom({ tenant }: Entry, waited: number): CorralError {
    const others = this.#occupancy().residents.filter(({ key }) => key.tenant !== tenant);
    return noRoom(
      tenant.model,
      waited,
      others.map(({ key }) => key.tenant.model),
    );
  }
}

function noRoom(model: string, waited: number, others: readonly string[]): CorralError {
  const seconds = Math.round(waited / 1000);
  const why =
    others.length === 0 ? "memory is short" : `${others.join(", ")} ${others.length === 1 ? "is" : "are"} busy`;
  return new CorralError(
    "CORRAL_NO_ROOM",
    `There was no room in memory for the model "${model}" within ${seconds} s: ${why}. Ask again in ${RETRY_AFTER} s.`,
    { facts: { model, inMemory: others, retryAfter: RETRY_AFTER } },
  );
}
