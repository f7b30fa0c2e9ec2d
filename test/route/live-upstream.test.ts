import { describe, expect, it } from "vitest";
import type { Loss } from "../../src/loss.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import type { Load } from "../../src/worker/load.ts";

const endpoint = { kind: "unix", socketPath: "/run/x.sock", key: "k" } as const;
const upstream = (): LiveUpstream => new LiveUpstream({ id: "m#0.0", endpoint, slots: 2 });

/** A moment that performance.now() is past of. */
function past(): number {
  const start = performance.now();
  while (performance.now() === start);
  return start;
}

describe("LiveUpstream", () => {
  it("is what the worker room asks for", () => {
    const load: Load = upstream();
    expect(load.inFlight).toBe(0);
  });

  it("counts leases, however often each is released", () => {
    const live = upstream();
    const first = live.lease();
    const second = live.lease();
    expect(live.inFlight).toBe(2);
    first.release();
    first.release();
    expect(live.inFlight).toBe(1);
    second.answered();
    second.release();
    expect([live.inFlight, live.served]).toEqual([0, 1]);
  });

  it("tells when it is idle, at once where it already is", async () => {
    const live = upstream();
    await live.whenIdle();
    const lease = live.lease();
    let idle = false;
    const waiting = live.whenIdle().then(() => {
      idle = true;
    });
    await Promise.resolve();
    expect(idle).toBe(false);
    lease.release();
    await waiting;
    expect(idle).toBe(true);
  });

  it("stops waiting for idleness with the signal's reason", async () => {
    const live = upstream();
    live.lease();
    const limit = new AbortController();
    const waiting = live.whenIdle(limit.signal);
    const reason = new Error("long enough");
    limit.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(live.whenIdle(limit.signal)).rejects.toBe(reason);
  });

  it("tells every request in flight why it is cut", () => {
    const live = upstream();
    const leases = [live.lease(), live.lease()];
    const told: Loss[] = [];
    leases[0]?.onCut((reason) => told.push(reason));
    const loss: Loss = { cause: "stopped", error: new Error("worker replaced") };
    live.cut(loss);
    live.cut({ cause: "killed", error: new Error("cut already") });
    leases[1]?.onCut((reason) => told.push(reason));
    expect(told).toEqual([loss, loss]);
    expect(live.inFlight).toBe(2);
  });

  it("counts progress from the first request after idleness, and from each byte", () => {
    const live = upstream();
    const made = past();
    const lease = live.lease();
    expect(live.lastProgressAt).toBeGreaterThan(made);
    const leased = past();
    live.lease();
    expect(live.lastProgressAt).toBeLessThanOrEqual(leased);
    lease.progress();
    expect(live.lastProgressAt).toBeGreaterThan(leased);
  });

  it("is not behind while all that it works for do not take its bytes", () => {
    const live = upstream();
    const slow = live.lease();
    const other = live.lease();
    slow.pause();
    const then = past();
    expect(live.lastProgressAt).toBeLessThanOrEqual(then);
    other.release();
    expect(live.lastProgressAt).toBeGreaterThan(then);
    const beforeResume = past();
    slow.resume();
    expect(live.lastProgressAt).toBeGreaterThan(beforeResume);
    const resumed = past();
    expect(live.lastProgressAt).toBeLessThanOrEqual(resumed);
  });

  it("forgets a pause with the lease", () => {
    const live = upstream();
    const slow = live.lease();
    slow.pause();
    slow.release();
    live.lease();
    const then = past();
    expect(live.lastProgressAt).toBeLessThanOrEqual(then);
  });
});
