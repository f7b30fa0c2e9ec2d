import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission } from "../../src/route/admission.ts";
import { type Ask, PLAIN_ASK } from "../../src/route/ask.ts";
import { type Lease, LiveUpstream } from "../../src/route/live-upstream.ts";
import { POLICIES } from "../../src/route/policies.ts";
import { predictedTime } from "../../src/route/predicted-time.ts";
import { askOf } from "./boards.ts";
import { SimulatedClock } from "./simulated-clock.ts";

const endpoint = { kind: "unix", socketPath: "/run/x.sock", key: "k" } as const;
/** 1 ms a token of a prompt, 10 ms of an answer: 128 tokens are 1,280 ms. */
const prior = { promptRate: 1_000, answerPace: 10, running: 1 };
const upstream = (id: string, slots = 1): LiveUpstream => new LiveUpstream({ id, endpoint, slots, prior });
const text = (name: string, tokens: number) => name.repeat(tokens);

/** Requests with names, and what became of them, in order. */
function scene(limit = 100, rules: { bytes?: number } = {}) {
  const clock = new SimulatedClock();
  const admission = new Admission({ policy: predictedTime, limit, clock, ...rules });
  const leases = new Map<string, Lease>();
  const started: string[] = [];
  const refused = new Map<string, unknown>();
  const enter = (name: string, ask: Partial<Ask> = {}): void => {
    const start = (lease: Lease): void => {
      leases.set(name, lease);
      started.push(`${name}@${lease.upstream.id}`);
    };
    admission.enter({ start, refuse: (error) => refused.set(name, error) }, { ...PLAIN_ASK, ...ask });
  };
  const end = (name: string): void => leases.get(name)?.release();
  return { clock, admission, started, refused, leases, enter, end };
}

describe("the line", () => {
  it("lets higher priorities go first, and passes nobody who has waited ten seconds longer for each step", () => {
    const { clock, admission, started, enter, end } = scene();
    admission.add(upstream("a"));
    enter("running");
    enter("old");
    clock.runTo(9_000);
    enter("urgent", { priority: 1 });
    clock.runTo(11_000);
    enter("late", { priority: 1 });
    enter("idle", { priority: -1 });
    for (const name of ["running", "urgent", "old", "late"]) end(name);
    expect(started).toEqual(["running@a", "urgent@a", "old@a", "late@a", "idle@a"]);
  });
});

describe("waiting for a better upstream", () => {
  const CHAT = [text("s", 2_000)];
  const chat = (question: string) => askOf([...CHAT, question]);

  /** "a" is at the answer to a chat's first turn for 1,080 ms more; "b" is idle. */
  function busyHolder() {
    const all = scene();
    all.admission.add(upstream("a"));
    all.enter("first", chat("one"));
    all.leases.get("first")?.progress();
    all.admission.add(upstream("b"));
    all.clock.runTo(200);
    return all;
  }

  it("a request waits for who holds its beginning, and others go past it to who is idle", () => {
    const { admission, started, enter, end, clock } = busyHolder();
    enter("next", chat("two"));
    expect(admission.size).toBe(1);
    enter("stranger");
    expect(started.slice(1)).toEqual(["stranger@b"]);
    clock.runTo(700);
    end("first");
    expect(started.slice(2)).toEqual(["next@a"]);
  });

  it("for no longer than was predicted", () => {
    const { started, enter, clock } = busyHolder();
    enter("next", chat("two"));
    clock.runTo(1_279);
    expect(started.slice(1)).toEqual([]);
    clock.runTo(1_280);
    expect(started.slice(1)).toEqual(["next@b"]);
  });

  it("is not done where the line is full: it takes what is free", () => {
    const { admission, started, enter } = busyHolder();
    admission.adopt({ policy: predictedTime, limit: 0 });
    enter("next", chat("two"));
    expect(started.slice(1)).toEqual(["next@b"]);
  });
});

describe("deadlines", () => {
  it("refuse at once what can't make it behind those that wait, and take what can", () => {
    const { admission, started, enter, end, clock } = scene();
    admission.add(upstream("a"));
    enter("running");
    enter("waiting");
    clock.runTo(280);
    // 1,000 ms until the first is over, 1,280 for the second.
    expect(() => enter("hasty", { deadline: 280 + 2_200, bytes: 1 })).toThrow(
      expect.objectContaining({
        code: "CORRAL_TOO_LATE",
        facts: expect.objectContaining({ timeout: 2_200, predicted: 2_280 }),
      }),
    );
    enter("patient", { deadline: 280 + 2_400 });
    end("running");
    clock.runTo(1_000);
    end("waiting");
    expect(started).toEqual(["running@a", "waiting@a", "patient@a"]);
  });

  it("refuse what is overtaken while it waits, and let run what has begun", () => {
    const { admission, refused, started, enter, clock } = scene();
    admission.add(upstream("a"));
    enter("running", { deadline: 500 });
    enter("waiting", { deadline: 1_500 });
    clock.runTo(1_499);
    expect([started, [...refused.keys()]]).toEqual([["running@a"], []]);
    clock.runTo(1_500);
    expect(refused.get("waiting")).toMatchObject({ code: "CORRAL_TOO_LATE", facts: { waited: 1_500 } });
    expect(admission.size).toBe(0);
  });

  it("do not refuse what an idle upstream would be at for long, nor what waits for the first upstream", () => {
    const { admission, started, refused, enter, clock } = scene();
    enter("early", { deadline: 300 });
    admission.add(upstream("a"));
    enter("long", askOf([text("x", 5_000)]));
    expect(started).toEqual(["early@a"]);
    const lonely = scene();
    lonely.admission.add(upstream("a"));
    lonely.enter("long", { ...askOf([text("x", 5_000)]), deadline: 100 });
    expect(lonely.started).toEqual(["long@a"]);
    clock.runTo(400);
    expect(refused.size).toBe(0);
  });
});

describe("bounds", () => {
  it("are of bytes, too: of one that waits alone any number", () => {
    const { admission, enter, end } = scene(100, { bytes: 1_000 });
    admission.add(upstream("a"));
    enter("running", { bytes: 900 });
    enter("large", { bytes: 5_000 });
    expect(() => enter("small", { bytes: 1 })).toThrow(expect.objectContaining({ code: "CORRAL_QUEUE_FULL" }));
    end("running");
    enter("fits", { bytes: 1_000 });
    expect(admission.size).toBe(1);
    expect(() => enter("small", { bytes: 1 })).toThrow(/queueBytes/);
  });
});

type Step =
  | { readonly do: "arrive"; readonly chat: number; readonly turn: number; readonly priority: number }
  | { readonly do: "finish" | "eject" | "add"; readonly which: number }
  | { readonly do: "pass"; readonly ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("arrive" as const),
      chat: fc.nat(4),
      turn: fc.integer({ min: 1, max: 4 }),
      priority: fc.integer({ min: -1, max: 1 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("finish" as const), which: fc.nat(50) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("eject" as const, "add" as const), which: fc.nat(50) }) },
);

describe("every policy, whatever happens", () => {
  it.each(POLICIES.map((policy) => [policy.name, policy] as const))(
    "%s: no slot twice, no closed upstream, nobody forgotten",
    (_, policy) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
          fc.array(anyStep, { maxLength: 60 }),
          (slots, steps) => {
            const clock = new SimulatedClock();
            const admission = new Admission({ policy, limit: 1_000, clock });
            const workers = slots.map((count, at) => upstream(`m#${at}.0`, count));
            for (const worker of workers) admission.add(worker);
            const running: Lease[] = [];
            let arrived = 0;
            let started = 0;
            const start = (lease: Lease): void => {
              expect(lease.upstream.healthy).toBe(true);
              expect(lease.upstream.inFlight).toBeLessThanOrEqual(lease.upstream.slots);
              lease.progress();
              running.push(lease);
              started += 1;
            };
            const finish = (at: number): void => running.splice(at % running.length, 1)[0]?.release();
            for (const step of steps) {
              if (step.do === "arrive") {
                arrived += 1;
                const messages = Array.from({ length: step.turn }, (_, turn) => text(`${step.chat}${turn}`, 300));
                admission.enter(
                  { start, refuse: () => expect.unreachable() },
                  { ...askOf(messages), priority: step.priority },
                );
              } else if (step.do === "pass") clock.runTo(clock.now() + step.ms);
              else if (step.do === "finish" && running.length > 0) finish(step.which);
              else if (step.do === "eject") admission.eject(`m#${step.which % workers.length}.0`);
              else if (step.do === "add") admission.add(workers[step.which % workers.length]!);
              expect(arrived).toBe(started + admission.size);
            }
            // Those that wait for a better upstream do so for a time: then a free slot is never left to itself.
            for (const worker of workers) admission.add(worker);
            clock.runTo(clock.now() + 600_000);
            const free = workers.reduce((sum, { slots: all, inFlight }) => sum + all - inFlight, 0);
            if (admission.size > 0) expect(free).toBe(0);
            while (running.length > 0) finish(0);
            expect([admission.size, started]).toEqual([0, arrived]);
          },
        ),
      );
    },
  );
});
