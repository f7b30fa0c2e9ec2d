import { describe, expect, it } from "vitest";
import { type ModelCost, modelCostOf, predict, type Split } from "../../src/plan/cost.ts";
import type { Load } from "../../src/plan/goal.ts";
import type { Host } from "../../src/plan/host.ts";
import { eightBillion, halfBillion } from "./models.ts";

const server: Host = {
  arch: "x64",
  sockets: 1,
  cores: 32,
  threadsPerCore: 2,
  cacheGroups: 1,
  bandwidth: 307e9,
  simd: "avx512",
};
const model = modelCostOf(eightBillion);
const load: Load = { concurrency: 8, prompt: 512, answer: 256 };

const decode = (split: Split, changes: { host?: Partial<Host>; model?: ModelCost; load?: Partial<Load> } = {}) =>
  predict({ ...server, ...changes.host }, changes.model ?? model, split, { ...load, ...changes.load }).decode;

describe("modelCostOf", () => {
  it("counts bytes of all tensors, and f16 keys and values of a token", () => {
    expect(model).toMatchObject({
      weightBytes: 4682 * 1024 ** 2,
      parameters: 8_030_261_248,
      keyValueBytes: 128 * 1024,
      weights: "small",
      sharedCache: false,
      tile: 1,
    });
    expect(modelCostOf(halfBillion, { repack: true }).tile).toBe(4);
  });

  it("tells weights of 8 bits from those of 4", () => {
    const wide = { ...eightBillion, tensorBytes: { Q8_0: 8200 * 1024 ** 2 } };
    expect(modelCostOf(wide).weights).toBe("wide");
  });
});

describe("predict", () => {
  it("never reads the weights faster than memory can", () => {
    for (const workers of [1, 2, 4, 8]) {
      for (const slots of [1, 2, 8, 32]) {
        const concurrency = workers * slots;
        const roof = (slots * server.bandwidth) / model.weightBytes;
        expect(decode({ workers, threads: 32 / workers, slots }, { load: { concurrency } })).toBeLessThan(roof);
      }
    }
  });

  it("gains from bandwidth, always", () => {
    const split = { workers: 2, threads: 16, slots: 4 };
    const byBandwidth = [50e9, 100e9, 200e9, 400e9, 800e9].map((bandwidth) => decode(split, { host: { bandwidth } }));
    expect(byBandwidth).toEqual([...byBandwidth].sort((a, b) => a - b));
    expect(new Set(byBandwidth).size).toBe(5);
  });

  it("gains from cores, always", () => {
    const byCores = [2, 4, 8, 16, 32, 64].map((cores) =>
      decode({ workers: 1, threads: cores, slots: 8 }, { host: { cores } }),
    );
    expect(byCores).toEqual([...byCores].sort((a, b) => a - b));
  });

  it("finds nothing to win in more workers than cores", () => {
    const concurrency = 128;
    const onEach = decode({ workers: 32, threads: 1, slots: 4 }, { load: { concurrency } });
    expect(decode({ workers: 64, threads: 1, slots: 2 }, { load: { concurrency } })).toBeLessThanOrEqual(onEach);
    expect(decode({ workers: 128, threads: 1, slots: 1 }, { load: { concurrency } })).toBeLessThanOrEqual(onEach);
  });

  it("decodes more in total with 4 sequences than with 1, each of them slower", () => {
    const split = { workers: 1, threads: 32, slots: 4 };
    const one = predict(server, model, split, { ...load, concurrency: 1 });
    const four = predict(server, model, split, { ...load, concurrency: 4 });
    expect(four.decode).toBeGreaterThan(1.5 * one.decode);
    expect(four.perToken).toBeGreaterThan(one.perToken);
    expect(four.decode).toBeCloseTo(4 / four.perToken, 9);
  });

  it("multiplies repacked weights with sequences by fours: 2 decode no faster in total than 1", () => {
    const repacked = modelCostOf(halfBillion, { repack: true });
    const at = (concurrency: number) =>
      decode({ workers: 1, threads: 2, slots: 8 }, { host: { cores: 2 }, model: repacked, load: { concurrency } });
    expect(at(2) / at(1)).toBeLessThan(1.15);
    expect(at(4) / at(1)).toBeGreaterThan(1.3);
    expect(at(8) / at(1)).toBeGreaterThan(1.8);
  });

  it("lets few workers win when few requests come, and many when many come", () => {
    const splits = [1, 2, 4, 8].map((workers) => ({ workers, threads: 32 / workers, slots: 64 / workers }));
    const bestAt = (concurrency: number) => {
      const figures = splits.map((split) => decode(split, { load: { concurrency } }));
      return splits[figures.indexOf(Math.max(...figures))]?.workers;
    };
    expect(bestAt(1)).toBe(1);
    expect(bestAt(64)).toBe(8);
  });

  it("reads one prompt soonest with all cores, and most prompts with many workers", () => {
    const one = predict(server, model, { workers: 1, threads: 32, slots: 8 }, load);
    const eight = predict(server, model, { workers: 8, threads: 4, slots: 1 }, load);
    expect(one.firstToken).toBeLessThan(eight.firstToken / 2);
    expect(eight.prefill).toBeGreaterThan(one.prefill);
  });

  it("makes requests beyond the slots wait for a turn", () => {
    const split = { workers: 1, threads: 32, slots: 4 };
    const full = predict(server, model, split, { ...load, concurrency: 4 });
    const twice = predict(server, model, split, { ...load, concurrency: 8 });
    expect(twice.decode).toBe(full.decode);
    expect(twice.firstToken).toBeGreaterThan(full.firstToken + load.answer * full.perToken);
  });

  it("leaves workers that have nothing to do out of account", () => {
    const idle = decode({ workers: 8, threads: 4, slots: 1 }, { load: { concurrency: 2 } });
    expect(idle).toBe(decode({ workers: 2, threads: 4, slots: 1 }, { load: { concurrency: 2 } }));
  });

  it("counts on no gain from a second thread on each core", () => {
    const oneEach = decode({ workers: 4, threads: 8, slots: 2 });
    expect(decode({ workers: 4, threads: 16, slots: 2 })).toBeLessThan(oneEach);
  });
});
