import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CorralError } from "../../src/errors.ts";
import type { Cpu, Machine } from "../../src/machine/machine.ts";
import { ALONE_MUST_WIN_BY, TIE } from "../../src/plan/choose.ts";
import { expectedLoad } from "../../src/plan/expected-load.ts";
import { GOALS, scoreOf } from "../../src/plan/goal.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides, PlanWish, WorkerPlan } from "../../src/plan/plan.ts";
import { errorOf } from "./error-of.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { eightBillion, halfBillion } from "./models.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe("overrides", () => {
  test.each([{ workers: 0 }, { threads: 1.5 }, { slots: -1 }, { context: Number.NaN }])(
    "%o is no option",
    async (overrides) => {
      const machine = await knownMachine("vps-2-cores");
      expect(errorOf(() => makePlan(machine, halfBillion, llama, overrides)).code).toBe("CORRAL_BAD_OPTION");
    },
  );

  test("wishes to doubt are granted with a warning", async () => {
    const machine = await knownMachine("desktop-16-cores");
    const plan = makePlan(machine, halfBillion, llama, { context: 65_536, slots: 2 });
    expect(plan).toMatchObject({ context: 65_536, slots: 2 });
    expect(plan.warnings).toEqual([
      "The model was trained for 32768 tokens: beyond, up to 65536, answers may be nonsense.",
      "2 slots: sequences are computed in fours, so 1, 4 or 8 slots use the CPU better.",
    ]);
  });

  test("workers that were asked for get the usual slots, however many they are", async () => {
    const machine = await knownMachine("desktop-16-cores");
    for (const workers of [1, 3, 15])
      expect(makePlan(machine, halfBillion, llama, { workers })).toMatchObject({ slots: 4, concurrency: 4 * workers });
    expect(makePlan(machine, halfBillion, llama, { workers: 3, slots: 1 })).toMatchObject({ slots: 1, concurrency: 3 });
    const wish = { concurrency: 24 };
    expect(makePlan(machine, halfBillion, llama, { workers: 3 }, wish)).toMatchObject({ slots: 8, concurrency: 24 });
  });

  test("weights are not repacked when the user says so", async () => {
    const plan = makePlan(await knownMachine("desktop-16-cores"), halfBillion, llama, { repack: false });
    expect(plan).toMatchObject({ repack: false, memory: { repacked: 0 }, warnings: [] });
  });
});

test("without affinity nothing is pinned, and threads are planned all the same", async () => {
  const mac: Machine = { ...(await knownMachine("desktop-16-cores")), os: "darwin" };
  const plan = makePlan(mac, halfBillion, llama);
  expect(plan.workers.map(({ cpus, threads }) => [cpus, threads])).toEqual([
    [[], 7],
    [[], 8],
  ]);
  expect(plan.gatewayCpus).toEqual([]);
});

/** Machines of any make: sockets, cores, SMT, caches, kinds, masks, quotas and limits in any combination. */
const anyMachine: fc.Arbitrary<Machine> = fc
  .record({
    packages: fc.integer({ min: 1, max: 3 }),
    coresEach: fc.integer({ min: 1, max: 24 }),
    smt: fc.boolean(),
    coresPerCache: fc.option(fc.integer({ min: 1, max: 8 })),
    efficient: fc.integer({ min: 0, max: 12 }),
    quota: fc.option(fc.double({ min: 0.1, max: 40, noNaN: true })),
    memory: fc.integer({ min: 256, max: 65_536 }),
    limit: fc.option(fc.integer({ min: 256, max: 65_536 })),
    masked: fc.func(fc.boolean()),
  })
  .map(({ packages, coresEach, smt, coresPerCache, efficient, quota, memory, limit, masked }) => {
    const cores = packages * coresEach;
    const cpus = Array.from({ length: smt ? 2 * cores : cores }, (_, id): Cpu => {
      const core = id % cores;
      return {
        id,
        core: `core${core}`,
        package: Math.floor(core / coresEach),
        node: Math.floor(core / coresEach),
        cacheGroup: coresPerCache === null ? null : `cache${Math.floor(core / coresPerCache)}`,
        kind: core < efficient ? "efficiency" : "performance",
      };
    });
    return {
      os: "linux",
      arch: "x64",
      cpuModel: "any",
      features: ["avx2"],
      cpus: cpus.filter(({ id }) => id === 0 || masked(id)),
      cpuQuota: quota,
      memory: { total: memory * MIB, available: memory * MIB, limit: limit === null ? null : limit * MIB },
      numaNodes: [],
      cgroup: 2,
    };
  });

const anyOverrides: fc.Arbitrary<PlanOverrides> = fc.record(
  {
    workers: fc.integer({ min: 1, max: 30 }),
    threads: fc.integer({ min: 1, max: 30 }),
    slots: fc.integer({ min: 1, max: 8 }),
    context: fc.integer({ min: 1, max: 40_000 }),
    repack: fc.boolean(),
  },
  { requiredKeys: [] },
);

const anyWish: fc.Arbitrary<PlanWish> = fc.record(
  { goal: fc.constantFrom(...GOALS), concurrency: fc.integer({ min: 1, max: 200 }) },
  { requiredKeys: [] },
);

test("every plan keeps its promises, whatever the machine and the wish", () => {
  fc.assert(
    fc.property(anyMachine, anyOverrides, anyWish, (machine, overrides, wish) => {
      const plan = planOrNull(machine, overrides, wish);
      if (plan === null) return;
      const used = plan.workers.flatMap(({ cpus }) => cpus);
      expect(new Set(used).size, "CPU sets are disjoint").toBe(used.length);
      const usable = new Set(machine.cpus.map(({ id }) => id));
      expect(
        [...used, ...plan.gatewayCpus].filter((id) => !usable.has(id)),
        "only usable CPUs",
      ).toEqual([]);
      expect(
        plan.gatewayCpus.filter((id) => used.includes(id)),
        "the gateway's core is its own",
      ).toEqual([]);
      for (const { cpus, threads } of plan.workers) {
        expect(threads).toBeGreaterThanOrEqual(1);
        expect(threads).toBeLessThanOrEqual(cpus.length);
        if (overrides.threads !== undefined) expect(threads).toBe(overrides.threads);
      }
      const { memory, workers } = plan;
      expect(memory.peak).toBeLessThanOrEqual(memory.budget);
      const each = memory.unpacked + memory.repacked + memory.kv + memory.compute + memory.promptCache;
      expect(memory.peak).toBe(memory.file + workers.length * each + memory.headroom);
      expect(plan).toMatchObject({
        slots: overrides.slots ?? plan.slots,
        context: overrides.context ?? plan.context,
        repack: overrides.repack ?? plan.repack,
      });
      expect(workers).toHaveLength(overrides.workers ?? workers.length);
      if (overrides.workers === undefined && overrides.threads === undefined && machine.cpuQuota !== null)
        expect(used.length).toBeLessThanOrEqual(Math.max(1, Math.floor(machine.cpuQuota)));
      const isForced = overrides.workers !== undefined || overrides.threads !== undefined;
      const isReduced = plan.warnings.some((warning) => warning.startsWith("Memory is short"));
      if (!isForced && !isReduced) {
        const cpus = new Map(machine.cpus.map((cpu) => [cpu.id, cpu]));
        const homes = (worker: WorkerPlan, homeOf: (cpu: Cpu | undefined) => unknown) =>
          new Set(worker.cpus.map((id) => homeOf(cpus.get(id)))).size;
        const straddling = (homeOf: (cpu: Cpu | undefined) => unknown) =>
          workers.filter((worker) => homes(worker, homeOf) > 1);
        expect(
          straddling((cpu) => cpu?.package),
          "no worker straddles a node",
        ).toEqual([]);
        if (workers.length > 1)
          expect(
            straddling((cpu) => cpu?.cacheGroup),
            "none but one that is alone straddles a cache",
          ).toEqual([]);
      }
      expect(plan.why.map(({ about }) => about)).toEqual(expect.arrayContaining(["cores", "workers", "slots"]));
    }),
    { numRuns: 500 },
  );
});

/** Null where it is refused for a reason that is true. */
function planOrNull(machine: Machine, overrides: PlanOverrides, wish: PlanWish) {
  try {
    return makePlan(machine, halfBillion, llama, overrides, wish);
  } catch (error) {
    if (!(error instanceof CorralError) || error.code !== "CORRAL_DOES_NOT_FIT") throw error;
    const { need, cpus, nearest } = error.facts as { need?: number; cpus?: number; nearest: PlanOverrides | null };
    if (need !== undefined && cpus !== undefined) expect(need).toBeGreaterThan(cpus);
    // What is offered instead must be possible.
    if (nearest) makePlan(machine, halfBillion, llama, { ...nearest });
    return null;
  }
}

test("no other goal's plan is better for a goal than its own, but for ties and for what one worker alone must win by", () => {
  const plentyOfMemory = { total: 999 * GIB, available: 999 * GIB, limit: null };
  fc.assert(
    fc.property(anyMachine, fc.integer({ min: 1, max: 100 }), (any, concurrency) => {
      const machine = { ...any, memory: plentyOfMemory };
      const plans = GOALS.map((goal) => makePlan(machine, eightBillion, llama, {}, { goal, concurrency }));
      const load = expectedLoad(concurrency, 8192, "text");
      for (const goal of GOALS) {
        const scores = plans.map(({ predicted }) => (predicted === null ? 0 : scoreOf(goal, predicted, load)));
        const own = scores[GOALS.indexOf(goal)] ?? 0;
        expect(own * ALONE_MUST_WIN_BY[goal]).toBeGreaterThanOrEqual(Math.max(...scores) * (1 - TIE) * 0.999);
      }
    }),
    { numRuns: 100 },
  );
});
