import { describe, expect, it, vi } from "vitest";
import { closedError } from "../../src/pool/errors.ts";
import { Fleet } from "../../src/pool/fleet.ts";
import type { WorkerEvent, WorkerSnapshot } from "../../src/pool-types.ts";
import { Fingerprints } from "../../src/proxy/fingerprints.ts";
import type { WorkerState } from "../../src/worker/state.ts";
import { deferred } from "./deferred.ts";

const endpoint = { kind: "unix", socketPath: "/run/none.sock", key: "k" } as const;
const since = 0;
const ready: WorkerState = { name: "ready", since, pid: 7, suspect: false };
const suspect: WorkerState = { ...ready, suspect: true };
const draining: WorkerState = { name: "draining", since, pid: 7 };
const stopped: WorkerState = { name: "stopped", since };

function event(start: number, state: WorkerState): WorkerEvent {
  return { replica: 0, start, id: `m#0.${start}`, pid: 7, state, endpoint };
}

function enlisted(): Fleet {
  const wish = { policy: "predicted-time", queueLimit: 10, queueBytes: 1_000_000 } as const;
  const fleet = new Fleet(wish, new Fingerprints(1_000));
  fleet.enlist({ id: "m#0.0", replica: 0, start: 0, endpoint, slots: 4 });
  return fleet;
}

const where = (fleet: Fleet): Promise<string> => fleet.admission.run(async ({ upstream }) => upstream.id);

describe("Fleet", () => {
  it("sends requests to a worker from ready to draining, not while it is suspect", async () => {
    const fleet = enlisted();
    const healthy: boolean[] = [];
    const admitted: (boolean | undefined)[] = [];
    const snapshot = {
      id: "m#0.0",
      replica: 0,
      pid: 7,
      state: "ready",
      cpus: [],
      restarts: 0,
      lastFailure: null,
    } as const;
    for (const state of [ready, suspect, ready, draining, stopped]) {
      fleet.follow(event(0, state));
      healthy.push(fleet.admission.hasUpstream);
      admitted.push(fleet.stats([snapshot]).workers[0]?.admitted);
    }
    expect(healthy).toEqual([true, false, true, false, false]);
    expect(admitted).toEqual(healthy);
  });

  it("keeps requests waiting from one start of a worker to the next", async () => {
    const fleet = enlisted();
    const result = where(fleet);
    fleet.follow(event(0, stopped));
    fleet.enlist({ id: "m#0.1", replica: 0, start: 1, endpoint, slots: 4 });
    fleet.follow(event(1, { name: "starting", since, pid: 8 }));
    fleet.follow(event(1, ready));
    expect(await result).toBe("m#0.1");
  });

  it("ignores what it hears late of a worker that is gone", () => {
    const fleet = enlisted();
    fleet.follow(event(0, stopped));
    fleet.follow(event(0, ready));
    expect(fleet.admission.hasUpstream).toBe(false);
  });

  it("empties a worker for suspects where none is coming that they could be tried on", async () => {
    vi.useFakeTimers();
    try {
      const fleet = enlisted();
      fleet.follow(event(0, ready));
      const request = { method: "POST", path: "/x", headers: {}, body: Buffer.from("suspect") } as const;
      const crash = { kind: "lost", cause: "crashed", error: new Error("SIGSEGV") } as const;
      const first = fleet.quarantine.enter(request);
      await first.run(async () => crash, {});
      first.leave();
      const other = deferred();
      const running = fleet.admission.run(() => other.promise);
      let shown: unknown;
      const trial = fleet.quarantine.enter(request).run(async ({ upstream }) => {
        shown = [upstream.id, upstream.inFlight, fleet.admission.hasUpstream];
        return { kind: "answered" };
      }, {});
      await vi.advanceTimersByTimeAsync(1_000);
      expect([shown, fleet.admission.hasUpstream]).toEqual([undefined, false]);
      other.resolve();
      await running;
      expect(await trial).toEqual({ kind: "answered" });
      expect([shown, fleet.admission.hasUpstream]).toEqual([["m#0.0", 1, false], true]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends what waits and cuts what runs", async () => {
    const fleet = enlisted();
    fleet.follow(event(0, ready));
    let reason: unknown = null;
    const running = fleet.admission.run(
      (lease) =>
        new Promise<void>((resolve) => {
          lease.onCut(({ error }) => {
            reason = error;
            resolve();
          });
        }),
    );
    const error = closedError("m");
    fleet.end(error);
    await running;
    expect(reason).toBe(error);
    await expect(where(fleet)).rejects.toBe(error);
  });

  it("tells slots and what is in them", () => {
    const fleet = enlisted();
    fleet.follow(event(0, ready));
    const hold = new Promise<void>(() => {});
    void fleet.admission.run(() => hold);
    const worker: WorkerSnapshot = {
      id: "m#0.0",
      replica: 0,
      pid: 7,
      state: "ready",
      cpus: [0],
      restarts: 0,
      lastFailure: null,
    };
    const gone: WorkerSnapshot = { ...worker, id: "m#1.3", state: "failed" };
    expect(fleet.stats([worker, gone])).toEqual({
      workers: [
        { ...worker, admitted: true, slots: 4, inFlight: 1, served: 0, quiet: expect.any(Number), footprint: null },
        { ...gone, admitted: false, slots: 0, inFlight: 0, served: 0, footprint: null },
      ],
      slots: { total: 4, busy: 1 },
      queued: 0,
      queueLimit: 10,
      suspects: 0,
      culprits: 0,
      hotPrompts: 0,
    });
    // What was found well later than a byte came back has been quiet since then.
    const [found] = fleet.stats([{ ...worker, wellAt: performance.now() + 60_000 }]).workers;
    expect(found?.quiet).toBeLessThan(0);
    expect(found).not.toHaveProperty("wellAt");
  });
});
