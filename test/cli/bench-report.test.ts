import { describe, expect, test } from "vitest";
import { lineChart, ticksUpTo } from "../../src/cli/bench-report/chart.ts";
import { escapeHtml } from "../../src/cli/bench-report/escape.ts";
import { doublingTo, levelsOf } from "../../src/cli/bench-report/levels.ts";
import { renderPage } from "../../src/cli/bench-report/page.ts";
import type { BenchReport } from "../../src/cli/bench-report/report.ts";
import { renderText } from "../../src/cli/bench-report/text.ts";
import { bars } from "../../src/cli/terminal/bars.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { formatFigure, formatSeconds } from "../../src/cli/terminal/figure.ts";
import type { LoadFigures } from "../../src/load/load.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";

function level(concurrency: number, answer: number, more: Partial<LoadFigures> = {}): LoadFigures {
  return {
    concurrency,
    seconds: 10,
    requests: 8,
    failed: 0,
    failures: [],
    throughput: { prompt: 300, answer, requests: 0.8 },
    prefill: 400,
    decode: 2 * answer,
    firstToken: { p50: 0.25, p90: 0.5, p99: 1.5 },
    perToken: { p50: 0.0123, p90: 0.02, p99: 0.25 },
    figures: { prefill: 400, decode: 2 * answer, firstToken: 0.3, perToken: 0.02 },
    ...more,
  };
}

const report: BenchReport = {
  startedAt: "2026-01-01T00:00:00.000Z",
  model: { name: "a<b>&", path: "/models/a.gguf", architecture: "qwen2", quantisation: "Q4_0", parameters: 494e6 },
  machine: { cpuModel: "Any CPU", cpus: 4, cores: 2, cpuQuota: 1.5, memory: 8 * 1024 ** 3 },
  plan: { ...samplePlan, workers: [{ replica: 0, cpus: [0, 1], threads: 2, node: null }], slots: 2 },
  load: {
    name: "chat",
    shapes: [
      { prompt: 9, answer: 4 },
      { prompt: 30, answer: 4 },
    ],
  },
  levels: [level(1, 50), level(2, 100, { failed: 2, failures: [{ why: "the worker <died>", count: 2 }] })],
  isPartial: true,
};

describe("a report in the terminal", () => {
  const text = (width: number, isTTY = false): string =>
    renderText(report, { colours: coloursFor({ isTTY }, {}), width });

  test("says what was measured, the figures, their look, and what failed", () => {
    expect(text(60).split("\n")).toEqual([
      "model    a<b>&, Q4_0, 494 million weights",
      "machine  Any CPU: 4 CPUs of 2 cores, limited to 1.5 CPUs, 8 GiB",
      "plan     1 worker of 2 threads and 2 slots, made for balanced, engine llama",
      "load     chat: prompts of 9 to 30 tokens, answers of 4, no prompt twice",
      "",
      "AT ONCE  PROMPT/S  ANSWER/S  TTFT P50    P90   P99  ITL P50   P90  P99  FAIL",
      "      1       300      50.0     0.250  0.500  1.50     12.3  20.0  250     0",
      "      2       300       100     0.250  0.500  1.50     12.3  20.0  250     2",
      "",
      "PROMPT/S, ANSWER/S: tokens a second of all requests, both at the same time.",
      "TTFT: seconds from a question to its first token, queue included.",
      "ITL: milliseconds from one token to the next.",
      "",
      "answer tokens a second by requests at once",
      `1 ${"█".repeat(26)}▌ 50.0`,
      `2 ${"█".repeat(53)} 100`,
      "",
      "time to first token █ half of the requests, ░ 9 of 10",
      `1 ${"█".repeat(21)}${"▌"}${"░".repeat(21)} 250 ms, 500 ms`,
      `2 ${"█".repeat(21)}${"▌"}${"░".repeat(21)} 250 ms, 500 ms`,
      "",
      "! 2 of 8 requests failed at 2 at once: the worker <died>",
      "",
      "It ended early: these are the levels that were measured in full.",
    ]);
  });

  test("has colours on a terminal, and bars for its width", () => {
    expect(text(60)).not.toContain("\u001b");
    expect(text(60, true)).toContain("\u001b[");
    const widest = (lines: string): number =>
      Math.max(...lines.split("\n").flatMap((line) => (line.includes("█") && /^\d/.test(line) ? [line.length] : [])));
    expect(widest(text(60))).toBeLessThanOrEqual(60);
    expect(widest(text(40))).toBeLessThanOrEqual(40);
    expect(widest(text(500))).toBeLessThanOrEqual(100);
  });
});

describe("bars", () => {
  test("are eighths of a cell long", () => {
    const items = [16, 8, 1, 0].map((value) => ({ label: `${value}`, value, text: "x" }));
    expect(bars(items, 13)).toBe(["16 ████████ x", " 8 ████ x", " 1 ▌ x", " 0 x"].join("\n"));
  });

  test("of no numbers are no bars", () => {
    expect(bars([{ label: "1", value: Number.NaN, text: "-" }], 20)).toBe("1 -");
    expect(bars([], 20)).toBe("");
  });
});

describe("a report as a page", () => {
  const page = renderPage(report);

  test("escapes what it did not write itself", () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
    expect(page).toContain("<h1>a&lt;b&gt;&amp;</h1>");
    expect(page).toContain("the worker &lt;died&gt;");
    expect(page).not.toContain("<b>");
  });

  test("needs nothing from elsewhere, and runs nothing", () => {
    expect(page).not.toMatch(/https?:|<script|@import|url\(|<link|<img| on\w+=/);
    expect(page).toContain("prefers-color-scheme: dark");
  });

  test("has four charts and a row a level", () => {
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page.match(/<tr><td>/g)).toHaveLength(2);
    expect(page).toContain("answer at 2: 100 tokens/s");
  });

  test("leaves out what is no number", () => {
    const values = [1, Number.NaN, 3];
    const chart = lineChart({ title: "t", unit: "s", levels: [1, 2, 4], series: [{ name: "n", values }] });
    expect(chart).not.toContain("NaN");
    expect(chart.match(/<circle /g)).toHaveLength(2);
  });

  test("keeps names of lines apart and inside", () => {
    const series = ["a", "b", "c"].map((name) => ({ name, values: [10, 10] }));
    const chart = lineChart({ title: "t", unit: "s", levels: [1, 2], series });
    const places = [...chart.matchAll(/class="name t\d" x="[\d.]+" y="([\d.-]+)"/g)].map(([, y]) => Number(y));
    expect(places).toHaveLength(3);
    expect(Math.min(...places)).toBeGreaterThan(8);
    expect(new Set(places.map((y) => Math.round(y / 14))).size).toBe(3);
  });
});

test("an axis has a few round steps and ends at or above the largest value", () => {
  expect(ticksUpTo(97)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticksUpTo(100)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticksUpTo(3)).toEqual([0, 1, 2, 3]);
  expect(ticksUpTo(0.004).at(-1)).toBeCloseTo(0.004);
  expect(ticksUpTo(0)).toEqual([0, 1]);
  for (let largest = 0.001; largest < 1e6; largest *= 1.37) {
    const ticks = ticksUpTo(largest);
    expect(ticks.length).toBeGreaterThanOrEqual(3);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest * 0.999);
  }
});

test("levels double up to all slots, with each shape equally often", () => {
  expect(doublingTo(8)).toEqual([1, 2, 4, 8]);
  expect(doublingTo(6)).toEqual([1, 2, 4, 6]);
  expect(doublingTo(1)).toEqual([1]);
  const plan = { ...samplePlan, workers: report.plan.workers, slots: 4 };
  const shapes = Array.from({ length: 3 }, () => ({ prompt: 1, answer: 2 }));
  expect(levelsOf(plan, shapes, {})).toEqual([
    { concurrency: 1, requests: 3 },
    { concurrency: 2, requests: 6 },
    { concurrency: 4, requests: 9 },
  ]);
  expect(levelsOf(plan, shapes, { concurrency: [1, 9], requests: 4 })).toEqual([
    { concurrency: 1, requests: 4 },
    { concurrency: 9, requests: 9 },
  ]);
});

test("figures have three digits", () => {
  expect([0.1234, 1, 9.999, 99.96, 1234.5, Number.NaN].map(formatFigure)).toEqual([
    ...["0.123", "1.00", "10.0", "100", "1235", "-"],
  ]);
  expect([0.0004, 0.45, 0.9999, 61, Number.POSITIVE_INFINITY].map(formatSeconds)).toEqual([
    ...["0.400 ms", "450 ms", "1.00 s", "61.0 s", "-"],
  ]);
});
