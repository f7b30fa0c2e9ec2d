import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import { type Candidate, keyOf } from "../../src/tune/candidate.ts";
import { referenceOf, stagesOf, startOf } from "../../src/tune/space.ts";
import { knownMachine } from "../plan/known-machine.ts";
import { llama } from "../plan/llama.ts";
import { halfBillion } from "../plan/models.ts";

async function ground(name: string, concurrency: number, fixed: PlanOverrides = {}, speculation = false) {
  const machine = await knownMachine(name);
  const plan = makePlan(machine, halfBillion, llama, fixed, { concurrency });
  return { machine, plan, traits: llama.traits, canRepack: true, fixed, speculation };
}

const shapeOf = ({ workers, threads, slots }: Candidate) => `${workers}x${threads}x${slots}`;

describe("the space of candidates", () => {
  it("splits a machine's cores, with slots for each worker's share of the requests", async () => {
    const given = await ground("vps-2-cores", 8);
    const [workers] = stagesOf(given);
    const shapes = workers?.answers(startOf(given.plan)).map(shapeOf) ?? [];
    expect(shapes).toContain("1x2x8");
    expect(shapes).toContain("2x1x4");
  });

  it("has a lone worker keep its weights in memory of its own, unless told otherwise", async () => {
    const mapped = async (fixed: PlanOverrides) => {
      const given = await ground("vps-2-cores", 8, fixed);
      const answers = stagesOf(given)[0]?.answers(startOf(given.plan)) ?? [];
      return answers.map(({ workers, settings }) => [workers, settings.mapWeights]);
    };
    expect(await mapped({})).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(await mapped({ settings: { mapWeights: true } })).toEqual([
      [1, true],
      [2, true],
    ]);
  });

  it("has a lone worker begin with what a server started by hand has, unless told otherwise", async () => {
    const lone = async (concurrency: number, fixed: PlanOverrides = {}) => {
      const given = await ground("vps-2-cores", concurrency, fixed);
      const one = { ...startOf(given.plan), workers: 1, slots: 4 };
      const answers = stagesOf(given)[0]?.answers(one) ?? [];
      return answers.filter(({ workers }) => workers === 1).map(({ settings }) => settings);
    };
    expect(await lone(8)).toMatchObject([
      { batch: 128, sharedCache: false },
      { batch: 512, sharedCache: true },
    ]);
    expect((await lone(1)).at(-1)).toMatchObject({ batch: 512, sharedCache: false });
    const fixed = { settings: { batch: 64, sharedCache: false, mapWeights: true } };
    expect((await lone(8, fixed)).every(({ batch, sharedCache }) => batch === 64 && !sharedCache)).toBe(true);
  });

  it("has one process on all CPUs with the engine's own defaults as its yardstick", async () => {
    const reference = referenceOf(await ground("vps-2-cores", 8));
    expect(shapeOf(reference)).toBe("1x2x4");
    expect(reference).toMatchObject({ isByHand: true, settings: { batch: 512, sharedCache: true, mapWeights: true } });
    const fixed = referenceOf(await ground("vps-2-cores", 8, { slots: 8, settings: { batch: 64 } }));
    expect(shapeOf(fixed)).toBe("1x2x8");
    expect(fixed.settings).toMatchObject({ batch: 64, sharedCache: true });
  });

  it("never has more threads than CPUs, nor more workers than requests", async () => {
    for (const name of ["vps-2-cores", "desktop-16-cores", "server-2-sockets", "laptop-hybrid", "container-quota"]) {
      const given = await ground(name, 6);
      const start = startOf(given.plan);
      const shapes = stagesOf(given).flatMap((stage) => stage.answers(start));
      for (const { workers, threads, slots } of shapes) {
        expect(workers * threads, name).toBeLessThanOrEqual(given.machine.cpus.length);
        expect(Math.min(workers, threads, slots), name).toBeGreaterThan(0);
      }
      const splits =
        stagesOf(given)[0]
          ?.answers(start)
          .filter(({ workers }) => workers !== start.workers) ?? [];
      for (const { workers } of splits) expect(workers).toBeLessThanOrEqual(6);
    }
  });

  it("leaves no request without a slot", async () => {
    const given = await ground("vps-2-cores", 8);
    const stage = stagesOf(given).find(({ about }) => about === "slots");
    for (const workers of [1, 2]) {
      const slots = stage
        ?.answers({ ...startOf(given.plan), workers, slots: 8 / workers })
        .map((answer) => answer.slots);
      expect(Math.min(...(slots ?? [0]))).toBe(8 / workers);
    }
  });

  it("has the best so far among the answers to each question, once", async () => {
    const given = await ground("desktop-16-cores", 8, {}, true);
    const start = startOf(given.plan);
    for (const { about, answers } of stagesOf(given)) {
      expect(
        answers(start).filter((answer) => keyOf(answer) === keyOf(start)),
        about,
      ).toHaveLength(1);
    }
  });

  it("asks nothing that the user has fixed or that makes no difference", async () => {
    const names = async (fixed: PlanOverrides) =>
      stagesOf(await ground("vps-2-cores", 8, fixed)).map(({ about }) => about);
    expect(await names({})).toEqual([
      "workers",
      "slots",
      "threads",
      "shared cache",
      "mapped weights",
      "repack",
      "flash attention",
      "spin",
      "huge pages",
      "batch",
      "KV type",
    ]);
    const fixed = { workers: 2, threads: 1, slots: 4, repack: true, keyValueType: "f16" } as const;
    expect(await names({ ...fixed, settings: { batch: 64, spin: "active", sharedCache: false } })).toEqual([
      "mapped weights",
      "flash attention",
      "huge pages",
    ]);
  });

  it("tries to guess from the text only where it is told to", async () => {
    const about = (stages: readonly { about: string }[]) => stages.map((stage) => stage.about);
    expect(about(stagesOf(await ground("vps-2-cores", 8)))).not.toContain("speculation");
    expect(about(stagesOf(await ground("vps-2-cores", 8, {}, true)))).toContain("speculation");
  });
});
