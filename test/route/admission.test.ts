import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { Admission } from "../../src/route/admission.ts";
import { leastBusy } from "../../src/route/least-busy.ts";
import { type Lease, LiveUpstream } from "../../src/route/live-upstream.ts";

const endpoint = { kind: "unix", socketPath: "/run/x.sock", key: "k" } as const;

function upstream(id: string, slots = 1): LiveUpstream {
  return new LiveUpstream({ id, endpoint, slots });
}

function admission(limit = 100): Admission {
  return new Admission({ policy: leastBusy, limit });
}

/** A task that runs until it is told to end, and says where it runs. */
class Held {
  lease: Lease | null = null;
  #finish: (() => void) | null = null;
  readonly #done = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });
  readonly task = async (lease: Lease): Promise<string> => {
    this.lease = lease;
    await this.#done;
    return lease.upstream.id;
  };
  finish(): void {
    this.#finish?.();
  }
}

/** Lets everything that is due run: p-queue takes a few microtasks between tasks. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Admission", () => {
  it("runs a task at once on an idle upstream and frees its slot", async () => {
    const queue = admission();
    const worker = upstream("a");
    queue.add(worker);
    const held = new Held();
    const result = queue.run(held.task);
    expect(worker.inFlight).toBe(1);
    held.finish();
    expect(await result).toBe("a");
    expect(worker.inFlight).toBe(0);
  });

  it("chooses the upstream when a slot is free, not when the request comes", async () => {
    const queue = admission();
    queue.add(upstream("a"));
    queue.add(upstream("b"));
    const [first, second, third] = [new Held(), new Held(), new Held()];
    queue.run(first.task);
    queue.run(second.task);
    const waiting = queue.run(third.task);
    expect(queue.size).toBe(1);
    second.finish();
    await settle();
    expect(third.lease?.upstream.id).toBe(second.lease?.upstream.id);
    third.finish();
    expect(await waiting).toBe("b");
  });

  it("lets idle workers take turns", async () => {
    const queue = admission();
    queue.add(upstream("a", 4));
    queue.add(upstream("b", 4));
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) await queue.run(async (lease) => void seen.push(lease.upstream.id));
    expect(seen).toEqual(["a", "b", "a", "b", "a", "b"]);
  });

  it("waits for the first healthy upstream", async () => {
    const queue = admission();
    const result = queue.run(async (lease) => lease.upstream.id);
    await settle();
    expect(queue.size).toBe(1);
    queue.add(upstream("late"));
    expect(await result).toBe("late");
  });

  it("frees the slot of a task that throws", async () => {
    const queue = admission();
    const worker = upstream("a");
    queue.add(worker);
    await expect(queue.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(worker.inFlight).toBe(0);
    expect(await queue.run(async () => "next")).toBe("next");
  });

  it("refuses more than the limit, with how many wait and when to come again", async () => {
    const queue = admission(2);
    queue.add(upstream("a"));
    const tasks = [new Held(), new Held(), new Held()];
    const results = tasks.map(({ task }) => queue.run(task));
    const refused = await queue.run(async () => {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CorralError);
    expect(refused).toMatchObject({ code: "CORRAL_QUEUE_FULL", facts: { limit: 2, waiting: 2, retryAfter: 6 } });
    for (const task of tasks) task.finish();
    await Promise.all(results);
  });

  it("lets those wait beside the limit who will have a slot", async () => {
    const queue = admission(1);
    queue.expect(2);
    const results = [1, 2, 3].map(() => queue.run(async ({ upstream: { id } }) => id));
    await expect(queue.run(async () => {})).rejects.toMatchObject({ code: "CORRAL_QUEUE_FULL" });
    queue.add(upstream("a", 2));
    expect(await Promise.all(results)).toEqual(["a", "a", "a"]);
  });

  it("tells how long the one that has waited longest has, whoever leaves before it", async () => {
    const queue = admission();
    expect(queue.waited).toBeNull();
    const since = performance.now();
    const gone = new AbortController();
    const first = queue.run(async () => {}, { signal: gone.signal }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    const between = performance.now();
    const second = queue.run(async () => {});
    expect(queue.waited).toBeGreaterThanOrEqual(between - since - 1);
    gone.abort();
    await first;
    expect(queue.waited).toBeLessThanOrEqual(performance.now() - between);
    queue.add(upstream("a"));
    await second;
    expect(queue.waited).toBeNull();
  });

  it("with a limit of 0 takes what can start at once, and nothing else", async () => {
    const queue = admission(0);
    await expect(queue.run(async () => {})).rejects.toMatchObject({ code: "CORRAL_QUEUE_FULL" });
    queue.add(upstream("a"));
    const held = new Held();
    const running = queue.run(held.task);
    await expect(queue.run(async () => {})).rejects.toMatchObject({ code: "CORRAL_QUEUE_FULL" });
    held.finish();
    await running;
  });

  it("removes a waiting request when its signal aborts, and rejects with the signal's reason", async () => {
    const queue = admission();
    queue.add(upstream("a"));
    const held = new Held();
    const running = queue.run(held.task);
    const client = new AbortController();
    let ran = false;
    const waiting = queue.run(
      async () => {
        ran = true;
      },
      { signal: client.signal },
    );
    const reason = new Error("client gone");
    client.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(queue.size).toBe(0);
    held.finish();
    await running;
    await settle();
    expect(ran).toBe(false);
    await expect(queue.run(async () => {}, { signal: client.signal })).rejects.toBe(reason);
  });

  it("does not free the slot of a running request before the request has heeded its signal", async () => {
    const queue = admission();
    const worker = upstream("a");
    queue.add(worker);
    const client = new AbortController();
    const held = new Held();
    const running = queue.run(held.task, { signal: client.signal });
    const next = new Held();
    const waiting = queue.run(next.task);
    client.abort();
    await settle();
    expect([worker.inFlight, next.lease]).toEqual([1, null]);
    held.finish();
    await running;
    next.finish();
    await waiting;
  });

  it("sends nothing new to an ejected upstream, while what is in flight on it goes on beside the others", async () => {
    const queue = admission();
    const [a, b] = [upstream("a", 2), upstream("b", 2)];
    queue.add(a);
    queue.add(b);
    const old = [new Held(), new Held(), new Held(), new Held()];
    const oldResults = old.map(({ task }) => queue.run(task));
    queue.eject("a");
    const fresh = [new Held(), new Held(), new Held()];
    const freshResults = fresh.map(({ task }) => queue.run(task));
    await settle();
    expect([a.inFlight, b.inFlight, queue.size]).toEqual([2, 2, 3]);
    for (const held of old.filter(({ lease }) => lease?.upstream === a)) held.finish();
    await settle();
    expect([a.inFlight, b.inFlight, queue.size]).toEqual([0, 2, 3]);
    for (const held of old) held.finish();
    await settle();
    expect([a.inFlight, b.inFlight, queue.size]).toEqual([0, 2, 1]);
    for (const held of fresh) held.finish();
    expect(await Promise.all(freshResults)).toEqual(["b", "b", "b"]);
    await Promise.all(oldResults);
  });

  it("lets a request that is tried again go ahead of those that wait, whatever the limit", async () => {
    const queue = admission(1);
    queue.add(upstream("a"));
    const [running, waiting, again] = [new Held(), new Held(), new Held()];
    const results = [running, waiting].map(({ task }) => queue.run(task));
    const retried = queue.run(again.task, { again: true });
    running.finish();
    await settle();
    expect([again.lease !== null, waiting.lease]).toEqual([true, null]);
    for (const held of [waiting, again]) held.finish();
    await Promise.all([...results, retried]);
  });

  it("sends nothing to an upstream at rest, which is there again a moment later", async () => {
    const queue = admission();
    const [a, b] = [upstream("a", 4), upstream("b", 1)];
    queue.add(a);
    queue.add(b);
    queue.rest("a");
    expect(queue.hasUpstream).toBe(true);
    const [atB, waiting] = [new Held(), new Held()];
    const results = [atB, waiting].map(({ task }) => queue.run(task));
    expect([a.inFlight, b.inFlight, queue.size]).toEqual([0, 1, 1]);
    waiting.finish();
    expect(await results[1]).toBe("a");
    atB.finish();
    await results[0];
  });

  it("does not bring back an upstream that was ejected while it rested", async () => {
    const queue = admission();
    const [a, b] = [upstream("a"), upstream("b")];
    queue.add(a);
    queue.rest("a");
    queue.eject("a");
    queue.add(b);
    queue.rest("b");
    expect(await queue.run(async (lease) => lease.upstream.id)).toBe("b");
    expect([a.healthy, queue.hasUpstream]).toEqual([false, true]);
  });

  it("refuses with the failure while no upstream is healthy, and waits again after recovery", async () => {
    const queue = admission();
    const failure = new CorralError("CORRAL_POOL_FAILED", "the model file is broken; replace it");
    const waiting = queue.run(async () => {});
    queue.fail(failure);
    await expect(waiting).rejects.toBe(failure);
    await expect(queue.run(async () => {})).rejects.toBe(failure);
    queue.add(upstream("a"));
    expect(await queue.run(async () => "served by one that lives")).toBe("served by one that lives");
    queue.eject("a");
    await expect(queue.run(async () => {})).rejects.toBe(failure);
    queue.recover();
    const patient = queue.run(async () => "patient");
    queue.add(upstream("b"));
    expect(await patient).toBe("patient");
  });

  it("closed: takes nothing new, finishes what it has taken, tells when it is idle", async () => {
    const queue = admission();
    queue.add(upstream("a"));
    const [running, waiting] = [new Held(), new Held()];
    const results = [queue.run(running.task), queue.run(waiting.task)];
    const closed = new CorralError("CORRAL_POOL_CLOSED", "the pool is closing; open another");
    queue.close(closed);
    await expect(queue.run(async () => {})).rejects.toBe(closed);
    let idle = false;
    const whenIdle = queue.whenIdle().then(() => {
      idle = true;
    });
    running.finish();
    await settle();
    expect(idle).toBe(false);
    waiting.finish();
    await whenIdle;
    expect(await Promise.all(results)).toEqual(["a", "a"]);
  });

  it("ended: refuses those that wait and those to be tried again, leaves those that run", async () => {
    const queue = admission();
    queue.add(upstream("a"));
    const held = new Held();
    const running = queue.run(held.task);
    const waiting = queue.run(async () => {});
    const error = new Error("too late");
    queue.end(error);
    await expect(waiting).rejects.toBe(error);
    await expect(queue.run(async () => {}, { again: true })).rejects.toBe(error);
    held.finish();
    expect(await running).toBe("a");
  });
});

type Step = { readonly do: "arrive" } | { readonly do: "finish" | "abort" | "eject" | "add"; readonly which: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("arrive" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("finish" as const), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("abort", "eject", "add" as const), which: fc.nat(50) }) },
);

describe("Admission, whatever happens", () => {
  it("never exceeds slots or uses an ejected upstream, loses no request, and is idle in the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.array(anyStep, { maxLength: 60 }),
        async (slots, steps) => {
          const queue = admission(1_000);
          const workers = slots.map((count, index) => upstream(`w${index}`, count));
          for (const worker of workers) queue.add(worker);
          const requests: { held: Held; client: AbortController; result: Promise<unknown>; over: boolean }[] = [];

          for (const step of steps) {
            const request = "which" in step ? requests.at(step.which % Math.max(1, requests.length)) : undefined;
            const worker = "which" in step ? workers[step.which % workers.length]! : undefined;
            const healthyBefore = workers.filter(({ healthy }) => healthy);
            const startedBefore = new Set(requests.filter(({ held }) => held.lease));
            if (step.do === "arrive") {
              const held = new Held();
              const client = new AbortController();
              const entry = { held, client, over: false, result: Promise.resolve<unknown>(null) };
              entry.result = queue
                .run(held.task, { signal: client.signal })
                .catch((error: unknown) => error)
                .finally(() => {
                  entry.over = true;
                });
              requests.push(entry);
            } else if (step.do === "finish") request?.held.finish();
            else if (step.do === "abort") request?.client.abort();
            else if (step.do === "eject" && worker) queue.eject(worker.id);
            else if (step.do === "add" && worker) queue.add(worker);
            await settle();

            for (const { inFlight, slots: limit } of workers) expect(inFlight).toBeLessThanOrEqual(limit);
            const healthyAfter = workers.filter(({ healthy }) => healthy);
            for (const started of requests.filter((r) => r.held.lease && !startedBefore.has(r))) {
              expect([...healthyBefore, ...healthyAfter]).toContain(started.held.lease?.upstream);
            }
            const free = healthyAfter.reduce((sum, w) => sum + w.slots - w.inFlight, 0);
            if (queue.size > 0) expect(free).toBe(0);
            const running = requests.filter((r) => r.held.lease && !r.over).length;
            expect(workers.reduce((sum, w) => sum + w.inFlight, 0)).toBe(running);
          }

          for (const worker of workers) queue.add(worker);
          for (const { held } of requests) held.finish();
          await queue.whenIdle();
          await Promise.all(requests.map(({ result }) => result));
          expect(workers.every(({ inFlight }) => inFlight === 0)).toBe(true);
          expect(queue.size).toBe(0);
          const neverRan = requests.filter(({ held }) => held.lease === null);
          expect(neverRan.every(({ client }) => client.signal.aborted)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("starves no worker: under steady load each serves its share", async () => {
    const queue = admission();
    const workers = [upstream("a", 2), upstream("b", 2), upstream("c", 2)];
    for (const worker of workers) queue.add(worker);
    await Promise.all(
      Array.from({ length: 90 }, () =>
        queue.run(async (lease) => {
          await settle();
          lease.answered();
        }),
      ),
    );
    expect(workers.map(({ served }) => served)).toEqual([30, 30, 30]);
  });
});
