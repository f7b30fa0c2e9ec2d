import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fitConstants, predictCell } from "../../bench/planner/fit.ts";
import { type MeasuredCell, parseGrid, parseMeasuredGrid } from "../../bench/planner/grid.ts";
import { parseHosts } from "../../bench/planner/hosts.ts";
import { choose, judge, type Verdict } from "../../bench/planner/judge.ts";
import { leastSquares } from "../../bench/planner/least-squares.ts";
import { modelCostFromName } from "../../bench/planner/models.ts";
import { choicesJson } from "../../bench/planner/report.ts";
import { CONSTANTS } from "../../src/plan/cost-constants.ts";
import { groupBy } from "../../src/plan/group-by.ts";

const read = (name: string) => readFileSync(new URL(`../../bench/data/${name}`, import.meta.url), "utf8");
const hosts = parseHosts(read("cpu-hosts.json"));
const cells = parseMeasuredGrid(read("cpu-process-grids.csv"), hosts);
const shipped = (cell: Parameters<typeof predictCell>[1]) => predictCell(CONSTANTS, cell).decode;

const ENOUGH = 0.9;
const meanShare = (verdicts: readonly Verdict[]) =>
  verdicts.reduce((sum, { share }) => sum + share, 0) / verdicts.length;
const goodShare = (verdicts: readonly Verdict[]) =>
  verdicts.filter(({ share }) => share >= ENOUGH).length / verdicts.length;

/** Two shapes of 8 requests and one of 4. */
const GRID = `host,model,processes,threads_per_process,batch_per_process,prompt_tokens,output_tokens,prefill_tokens_per_s,decode_tokens_per_s
box,Some-7B-Q8_0,1,16,8,128,64,100,50
box,Some-7B-Q8_0,2,8,4,128,64,120,40
box,Some-7B-Q8_0,1,16,4,128,64,100,30
`;
const BOX =
  '{ "_": "a remark", "box": { "arch": "x64", "sockets": 1, "cores": 16, "threads_per_core": 2, "l3_groups": 2, "memory_gb_per_s": 77, "simd": "avx512 vnni" } }';

describe("with the constants that ship", () => {
  it("chooses splits that reach nine tenths of the best, in 13 of 14 grids at each batch", () => {
    const verdicts = judge(cells, shipped, "batch");
    for (const at of groupBy(verdicts, (verdict) => String(verdict.at))) {
      const missed = at.filter(({ share }) => share < ENOUGH);
      expect(missed.length, `batch ${at[0]?.at}`).toBeLessThanOrEqual(1);
    }
    expect(meanShare(verdicts)).toBeGreaterThan(0.98);
  });

  it("does so for 19 of 20 choices among splits of one concurrency", () => {
    const verdicts = judge(cells, shipped, "concurrency");
    expect(verdicts.length).toBeGreaterThan(200);
    expect(goodShare(verdicts)).toBeGreaterThan(0.95);
    expect(meanShare(verdicts)).toBeGreaterThan(0.98);
  });

  it("ships what fits the data", { timeout: 60_000 }, () => {
    const fitted = fitConstants(cells);
    expect(fitted.bandwidthShare / CONSTANTS.bandwidthShare).toBeCloseTo(1, 2);
    expect(fitted.decodeRate.small / CONSTANTS.decodeRate.small).toBeCloseTo(1, 2);
    expect(fitted.prefillRate.wide / CONSTANTS.prefillRate.wide).toBeCloseTo(1, 2);
    expect(fitted.layerSeconds / CONSTANTS.layerSeconds).toBeCloseTo(1, 2);
    expect(fitted.sharedCores / CONSTANTS.sharedCores).toBeCloseTo(1, 2);
  });
});

it("predicts for a host that it was not fitted on", { timeout: 60_000 }, () => {
  const isLeftOut = ({ host }: MeasuredCell) => host.cacheGroups === 12;
  const constants = fitConstants(cells.filter((cell) => !isLeftOut(cell)));
  const leftOut = cells.filter(isLeftOut);
  const verdicts = judge(leftOut, (cell) => predictCell(constants, cell).decode, "concurrency");
  expect(verdicts.length).toBeGreaterThan(60);
  expect(goodShare(verdicts)).toBeGreaterThan(0.95);
  const ratios = leftOut.map((cell) => predictCell(constants, cell).decode / cell.decode).sort((a, b) => a - b);
  expect(ratios[Math.floor(ratios.length / 2)]).toBeGreaterThan(0.8);
  expect(ratios[Math.floor(ratios.length / 2)]).toBeLessThan(1.25);
});

describe("a grid", () => {
  it("gives one choice for each concurrency, as data", () => {
    const ours = parseGrid(GRID, parseHosts(BOX));
    const predict = ({ split }: (typeof ours)[number]) => 10 * split.workers + split.slots;
    expect(JSON.parse(choicesJson(choose(ours, predict, "concurrency")))).toEqual([
      {
        host: "box",
        model: "Some-7B-Q8_0",
        concurrency: 4,
        workers: 1,
        threads: 16,
        slots: 4,
        decode_tokens_per_s: 14,
      },
      { host: "box", model: "Some-7B-Q8_0", concurrency: 8, workers: 2, threads: 8, slots: 4, decode_tokens_per_s: 24 },
    ]);
  });

  it("judges a choice by what was measured", () => {
    const ours = parseMeasuredGrid(GRID, parseHosts(BOX));
    expect(judge(ours, ({ split }) => split.workers, "concurrency")).toEqual([
      { grid: "box Some-7B-Q8_0", at: 8, share: 0.8, overOneProcess: 0.8, overEightCores: 1 },
      { grid: "box Some-7B-Q8_0", at: 4, share: 1, overOneProcess: 1, overEightCores: null },
    ]);
  });

  it("may lack measurements where only predictions are wanted", () => {
    const blank = GRID.replaceAll(/,\d+,\d+$/gm, ",,");
    expect(parseGrid(blank, parseHosts(BOX))).toHaveLength(3);
    expect(() => parseMeasuredGrid(blank, parseHosts(BOX))).toThrow('Line 2 of the grid: prefill_tokens_per_s is ""');
  });

  it("is refused with the line of a host that nobody described, or the missing column", () => {
    expect(() => parseGrid(GRID.replace("2,8,4", "2,x,4"), parseHosts(BOX))).toThrow(
      'Line 3 of the grid: threads_per_process is "x"',
    );
    expect(() => parseGrid(GRID, hosts)).toThrow('Line 2 of the grid is of host "box"');
    expect(() => parseGrid("host,model\nbox,x", parseHosts(BOX))).toThrow("no column processes");
    expect(() => parseHosts('{ "box": { "arch": "x64" } }')).toThrow("Host box");
  });
});

describe("a model known by name", () => {
  it.each([
    ["Meta-Llama-3-8B-Instruct.Q4_K_M", 7.5e9, 4.6e9, "small"],
    ["Llama-3.2-1B-Instruct-Q8_0", 1.24e9, 1.31e9, "wide"],
    ["Qwen2.5-7B-Instruct-Q4_0", 6.6e9, 3.8e9, "small"],
  ] as const)("%s", (name, parameters, bytes, weights) => {
    const cost = modelCostFromName(name);
    expect(cost.parameters / parameters).toBeCloseTo(1, 1);
    expect(cost.weightBytes / bytes).toBeCloseTo(1, 1);
    expect(cost.weights).toBe(weights);
  });

  it("must tell its size and quantisation", () => {
    expect(() => modelCostFromName("mystery-Q8_0")).toThrow("size");
    expect(() => modelCostFromName("mystery-7B")).toThrow("quantisation");
  });
});

it("finds the least squares of a curve, whatever one outlier says", () => {
  const xs = [0, 1, 2, 3, 4, 5, 6, 7];
  const ys = xs.map((x) => (x === 3 ? 90 : 2 * Math.exp(0.3 * x)));
  const [factor = 0, rate = 0] = leastSquares(
    ([a = 0, b = 0]) => xs.map((x, index) => a * Math.exp(b * x) - (ys[index] ?? 0)),
    [1, 0],
    0.01,
  );
  expect(factor).toBeCloseTo(2, 1);
  expect(rate).toBeCloseTo(0.3, 1);
});
