import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastBusy } from "../../src/route/least-busy.ts";
import { isAvailable, type Upstream } from "../../src/route/upstream.ts";

const endpoint = { kind: "unix", socketPath: "/run/x.sock", key: "k" } as const;

function upstream(facts: Partial<Upstream> & { id: string }): Upstream {
  return { endpoint, slots: 4, healthy: true, inFlight: 0, served: 0, lastUsed: 0, ...facts };
}

const anyUpstream = fc
  .record({
    id: fc.uuid(),
    slots: fc.integer({ min: 1, max: 8 }),
    healthy: fc.boolean(),
    inFlight: fc.integer({ min: 0, max: 8 }),
    lastUsed: fc.nat(20),
  })
  .map(upstream);

describe("leastBusy", () => {
  it("picks the one with the most free slots, not the fewest requests", () => {
    const big = upstream({ id: "big", slots: 8, inFlight: 3 });
    const small = upstream({ id: "small", slots: 4, inFlight: 1 });
    expect(leastBusy.pick([small, big])?.id).toBe("big");
  });

  it("gives ties to the least recently used", () => {
    const earlier = upstream({ id: "earlier", lastUsed: 3 });
    const later = upstream({ id: "later", lastUsed: 9 });
    expect(leastBusy.pick([later, earlier])?.id).toBe("earlier");
  });

  it("picks nothing where all are full or ejected", () => {
    const full = upstream({ id: "full", inFlight: 4 });
    const ejected = upstream({ id: "ejected", healthy: false });
    expect(leastBusy.pick([full, ejected])).toBeUndefined();
    expect(leastBusy.pick([])).toBeUndefined();
  });

  it("never picks an unavailable one, always picks one when there is one, and the order given does not matter", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyUpstream, { selector: (u) => `${u.lastUsed}`, maxLength: 10 }), (upstreams) => {
        const picked = leastBusy.pick(upstreams);
        if (picked) expect(isAvailable(picked)).toBe(true);
        else expect(upstreams.some(isAvailable)).toBe(false);
        expect(leastBusy.pick(upstreams.toReversed())).toBe(picked);
      }),
    );
  });
});
