import { describe, expect, test } from "vitest";
import { llamaTraits } from "../../src/engine/llama-memory.ts";
import type { Machine } from "../../src/machine/machine.ts";
import type { ModelDescription } from "../../src/model/description.ts";
import { fitMemory } from "../../src/plan/fit-memory.ts";
import { fittingOf } from "../../src/plan/fitting.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import type { Shape } from "../../src/plan/shape.ts";
import { errorOf } from "./error-of.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { eightBillion, halfBillion } from "./models.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The 16-core desktop with less memory. */
async function desktopWith(available: number): Promise<Machine> {
  return { ...(await knownMachine("desktop-16-cores")), memory: { total: available, available, limit: null } };
}

const wanted: Shape = { workers: 2, slots: 4, context: 8192, keyValueType: "f16", repack: true };

/** The 8B model on that desktop: 4.6 GiB of file, 3.2 repacked, 4 of keys and values for a worker of the wish. */
async function fitted(bytes: number, given: PlanOverrides = {}) {
  return fitMemory(
    fittingOf(await desktopWith(bytes), eightBillion, llamaTraits, given, { ...wanted, workers: given.workers ?? 2 }),
  );
}

async function given(bytes: number, overrides: PlanOverrides = {}) {
  const { shape, warnings } = await fitted(bytes, overrides);
  return { ...shape, short: warnings.length };
}

describe("what gives way", () => {
  const nothing = { ...wanted, short: 0 };

  test("nothing where all fits", async () => {
    expect(await given(24 * GIB)).toEqual(nothing);
  });

  test("first workers, not requests", async () => {
    expect(await given(18 * GIB)).toEqual({ ...nothing, workers: 1, slots: 8, short: 1 });
  });

  test("then context", async () => {
    expect(await given(14 * GIB)).toEqual({ ...nothing, workers: 1, slots: 8, context: 4096, short: 2 });
  });

  test("then the precision of keys and values", async () => {
    expect(await given(11 * GIB)).toMatchObject({ context: 4096, keyValueType: "q8_0", repack: true });
  });

  test("then repacking, and what it gains is given back to the others", async () => {
    const plan = await given(9.5 * GIB);
    expect(plan).toMatchObject({ repack: false, workers: 2, slots: 4, context: 4096, keyValueType: "f16" });
  });

  test("then requests at once, and last a context of use", async () => {
    expect(await given(6.5 * GIB)).toMatchObject({ repack: false, slots: 4, context: 4096 });
    expect(await given(5.4 * GIB)).toMatchObject({ repack: false, slots: 1 });
  });

  test("each with a warning that has both numbers", async () => {
    const { warnings } = await fitted(6.5 * GIB);
    expect(warnings).toEqual([
      "Memory is short: 1 of 2 workers, each for 4 requests at once.",
      "Memory is short: 4 requests at once instead of 8.",
      "Memory is short: a request may use 4096 tokens instead of 8192.",
      "Memory is short: keys and values are kept in q8_0 instead of f16, which costs some precision.",
      "Memory is short: weights are not repacked for this CPU, so prompts are read more slowly.",
    ]);
  });

  test("nothing of what the user fixed", async () => {
    expect(await given(18 * GIB, { workers: 2 })).toMatchObject({ workers: 2, slots: 4, context: 4096 });
    expect(await given(11 * GIB, { keyValueType: "f16" })).toMatchObject({ keyValueType: "f16", repack: false });
    expect(await given(11 * GIB, { settings: { flashAttention: "off" } })).toMatchObject({ keyValueType: "f16" });
  });
});

describe("a refusal", () => {
  test("has the ledger and the nearest plan that fits", async () => {
    const machine = await knownMachine("limit-4-gib");
    const error = errorOf(() => makePlan(machine, halfBillion, llama, { context: 131_072, slots: 8 }));
    expect(error.code).toBe("CORRAL_DOES_NOT_FIT");
    expect(error.message).toMatch(
      /^The smallest plan of this kind \(--workers 1 --slots 8 --context 131072 --key-value-type q8_0 --repack false\) takes \d+ MiB of memory, and \d+ MiB may be used: 340 MiB of file pages, 1 x \d+ MiB of keys and values, /,
    );
    expect(error.facts.ledger).toMatchObject({ file: 340 * MIB, peak: expect.any(Number), budget: expect.any(Number) });
    const nearest = error.facts.nearest as PlanOverrides;
    const { slots, context } = nearest;
    expect(makePlan(machine, halfBillion, llama, nearest)).toMatchObject({ slots, context });
    expect(error.message).toContain(`The nearest that fits: --workers ${nearest.workers} --slots ${slots}`);
  });

  test("of more threads than CPUs has all that, too", async () => {
    const machine = await knownMachine("vps-2-cores");
    const refused = (overrides: PlanOverrides) => errorOf(() => makePlan(machine, halfBillion, llama, overrides));
    const error = refused({ workers: 3, threads: 2 });
    expect(error.message).toMatch(/^--workers 3 --threads 2 takes 6 CPUs, and 2 may be used\. A plan of this kind \(/);
    expect(error.message).toMatch(/The nearest that fits: --workers 2 --threads 1 --slots 4 --context 8192\.$/);
    expect(error).toMatchObject({
      code: "CORRAL_DOES_NOT_FIT",
      facts: {
        need: 6,
        cpus: 2,
        shape: { workers: 3 },
        ledger: { file: 340 * MIB },
        nearest: { workers: 2, threads: 1 },
      },
    });
    expect(refused({ threads: 5 }).facts.nearest).toMatchObject({ workers: 1, threads: 2 });
    expect(refused({ workers: 5 }).facts.nearest).toMatchObject({ workers: 2 });
  });

  test("of far too much says what it would take, and a nearest plan that is one", async () => {
    const machine = await knownMachine("vps-2-cores");
    const error = errorOf(() => makePlan(machine, halfBillion, llama, { workers: 64, context: 131_072 }));
    expect(error.facts).toMatchObject({ need: 64, shape: { workers: 64, context: 131_072 } });
    expect(error.message).toMatch(/64 x \d+ MiB of keys and values/);
    makePlan(machine, halfBillion, llama, error.facts.nearest as PlanOverrides);
  });

  test("of a file that is too large names a quantisation that is not", async () => {
    const q8: ModelDescription = {
      ...eightBillion,
      quantisation: "Q8_0",
      files: [{ path: "/models/llama-3-8b-q8_0.gguf", bytes: 8150 * MIB }],
      matrices: [{ type: "Q8_0", shape: [4096, 14_336], use: "multiplied", bytes: 8140 * MIB }],
    };
    const refusedIn = async (memory: number) => {
      const machine = await desktopWith(memory);
      return errorOf(() => makePlan(machine, q8, llama));
    };
    const error = await refusedIn(7.5 * GIB);
    expect(error.facts.nearest).toBeNull();
    expect(error.message).toMatch(
      /The file alone is larger than that\. The same model in Q6_K would fit: about 6\d\d\d MiB\.$/,
    );
    expect((await refusedIn(5.5 * GIB)).message).toMatch(/in Q4_K_M would fit/);
  });

  test("for ever says so, with what would do", async () => {
    const machine = await knownMachine("vps-2-cores");
    const error = errorOf(() => makePlan(machine, eightBillion, llama));
    expect(error).toMatchObject({ code: "CORRAL_DOES_NOT_FIT", facts: { nearest: null } });
    expect(error.message).toMatch(
      /This machine should not run this model: even in Q4_0 its weights take about 4\d\d\d MiB, beside \d+ MiB for everything else\. Take a model of at most \d\.\d billion weights, or give it more memory\.$/,
    );
  });
});
