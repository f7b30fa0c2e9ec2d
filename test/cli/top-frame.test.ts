import { describe, expect, it } from "vitest";
import type { InstanceStatus } from "../../src/admin/status.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { cut } from "../../src/cli/terminal/cut.ts";
import { displayWidth } from "../../src/cli/terminal/table.ts";
import { loadBetween, parseCpuTicks } from "../../src/cli/top/cpu-load.ts";
import { cpuMap } from "../../src/cli/top/cpu-map.ts";
import { crewOf } from "../../src/cli/top/crew.ts";
import { renderFrame } from "../../src/cli/top/frame.ts";
import { cpuShare, type Sample } from "../../src/cli/top/sample.ts";
import { sampleModel, sampleStatus, sampleWorker } from "../fixtures/sample-status.ts";

const plain = coloursFor({ isTTY: false });
const bright = coloursFor({ isTTY: true }, {});
const size = { columns: 100, rows: 40 };
const none = new Map();

const ticks = (busy: readonly number[]) => new Map(busy.map((value, cpu) => [cpu, { all: 100, busy: value }]));
const idle = new Map([0, 1, 2, 3].map((cpu) => [cpu, { all: 0, busy: 0 }]));

/** A second later, after so much CPU time of the worker. */
function later(status: InstanceStatus, cpuSeconds: number): InstanceStatus {
  const footprint = { ...sampleWorker.footprint!, at: 2_000, cpuSeconds };
  return { ...status, models: [{ ...sampleModel, workers: [{ ...sampleWorker, footprint }] }] };
}

describe("corral top's picture", () => {
  const before: Sample = { status: sampleStatus, ticks: idle };
  const now: Sample = { status: later(sampleStatus, 6.875), ticks: ticks([100, 90, 12.5, 0]) };

  it("shows the instance, who is pinned where, models and workers", () => {
    expect(renderFrame([before, now], { size, colours: plain, footer: "q leaves" })).toEqual([
      "corral 0.1.0  ready  up 3 d 4 h  pid 42  http://127.0.0.1:8080",
      "memory of models, by their plans: 3 GiB of 8 GiB",
      "",
      "   0 11··",
      "     █▇▁",
      "",
      "MODEL  STATE  WORKERS  SLOTS  QUEUE  TOK/S  TTFT P50     P95  SERVED  LOST",
      "qwen   ready      1/1    3/4      0   43.2    250 ms  1.50 s      20     0",
      "",
      "   WORKER  PID  CPUS  STATE  SLOTS  MEMORY   CPU  RESTARTS",
      "1  qwen 0  101  0-1   ready    3/4   2 GiB  188%         0",
      "",
      "q leaves",
    ]);
  });

  it("says nothing of what it does not know", () => {
    const unknown = { ...sampleWorker, pid: null, cpus: [], footprint: null };
    const model = { ...sampleModel, recent: { tokensPerSecond: 0, firstTokenMs: null }, workers: [unknown] };
    const lines = renderFrame([{ status: { ...sampleStatus, models: [model] }, ticks: none }], {
      size,
      colours: plain,
    });
    expect(lines.slice(3)).toEqual([
      "   0 ····",
      "",
      "MODEL  STATE  WORKERS  SLOTS  QUEUE  TOK/S  TTFT P50  P95  SERVED  LOST",
      "qwen   ready      1/1    3/4      0  0.000         -    -      20     0",
      "",
      "   WORKER  PID  CPUS  STATE  SLOTS  MEMORY  CPU  RESTARTS",
      "1  qwen 0    -  -     ready    3/4       -    -         0",
    ]);
  });

  it("colours models where a terminal takes colours, and trouble", () => {
    const model = { ...sampleModel, lost: 2, workers: [{ ...sampleWorker, state: "failed" as const, restarts: 7 }] };
    const text = renderFrame([{ status: { ...sampleStatus, models: [model] }, ticks: none }], {
      size,
      colours: bright,
    }).join("\n");
    expect(text).toContain("\u001b[36m1\u001b[39m\u001b[36m1\u001b[39m\u001b[2m·\u001b[22m");
    expect(text).toContain("\u001b[31mfailed\u001b[39m");
    expect(text).toContain("\u001b[31m2\u001b[39m");
    expect(text).toContain("\u001b[33m7\u001b[39m");
  });

  it.each([
    { columns: 100, rows: 8 },
    { columns: 40, rows: 10 },
    { columns: 12, rows: 3 },
    { columns: 1, rows: 1 },
    { columns: 0, rows: 0 },
  ])("never takes more than a terminal of $columns x $rows", (tiny) => {
    const lines = renderFrame([before, now], { size: tiny, colours: bright, footer: "q leaves" });
    expect(lines.length).toBeLessThanOrEqual(tiny.rows);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(tiny.columns);
  });

  it("says how much does not fit, and keeps the last line", () => {
    const lines = renderFrame([before, now], { size: { columns: 30, rows: 5 }, colours: plain, footer: "q leaves" });
    expect(lines).toEqual([
      "corral 0.1.0  ready  up 3 d 4…",
      "memory of models, by their pl…",
      "",
      "… 8 more lines: a taller term…",
      "q leaves",
    ]);
  });
});

describe("the map of CPUs", () => {
  const workers = Array.from({ length: 24 }, (_, replica) => ({
    ...sampleWorker,
    id: `qwen#${replica}.0`,
    replica,
    cpus: Array.from({ length: 8 }, (_, cpu) => replica * 8 + cpu),
  }));
  const status = { ...sampleStatus, models: [{ ...sampleModel, workers }] };
  const cpus = Array.from({ length: 200 }, (_, cpu) => cpu);

  it("goes on in the next line where there are many", () => {
    const lines = cpuMap({ cpus, crew: crewOf(status, plain), loads: none }, 80, plain);
    expect(lines).toEqual([
      "   0 11111111 22222222 33333333 44444444 55555555 66666666 77777777 88888888",
      "  64 99999999 aaaaaaaa bbbbbbbb cccccccc dddddddd eeeeeeee ffffffff gggggggg",
      " 128 hhhhhhhh iiiiiiii jjjjjjjj kkkkkkkk llllllll mmmmmmmm nnnnnnnn oooooooo",
      " 192 ········",
    ]);
  });

  it("keeps a group together in the narrowest", () => {
    const lines = cpuMap({ cpus: cpus.slice(0, 16), crew: [], loads: none }, 3, plain);
    expect(lines).toEqual(["   0 ········", "   8 ········"]);
  });

  it("names only CPUs that the instance may use", () => {
    const lines = cpuMap({ cpus: [4, 5, 1_000], crew: [], loads: new Map([[1_000, 0.5]]) }, 80, plain);
    expect(lines).toEqual(["   4 ···", "       ▄"]);
  });

  it("has one sign for all workers that come after the sixty-first", () => {
    const many = Array.from({ length: 70 }, (_, replica) => ({ ...sampleWorker, replica }));
    const crew = crewOf({ ...sampleStatus, models: [{ ...sampleModel, workers: many }] }, plain);
    expect([crew[8]?.sign, crew[9]?.sign, crew[60]?.sign, crew[61]?.sign, crew[69]?.sign]).toEqual([
      "9",
      "a",
      "Z",
      "+",
      "+",
    ]);
  });
});

describe("loads", () => {
  it("of CPUs are what lies between two readings of /proc/stat", () => {
    const before = parseCpuTicks("cpu  9 9 9 9\ncpu0 10 0 10 70 10 0 0 0 5 0\ncpu1 0 0 0 0 0 0 0 0\nintr 5\n");
    expect(before.get(0)).toEqual({ all: 100, busy: 20 });
    const now = parseCpuTicks("cpu0 50 0 20 110 10 0 0 10\ncpu1 0 0 0 0 0 0 0 0\ncpu2 1 0 0 0 0 0 0 0\n");
    expect([...loadBetween(before, now)]).toEqual([[0, 0.6]]);
  });

  it("of a worker need two different readings of the same start", () => {
    const sample = (id: string, at: number, cpuSeconds: number): Sample => {
      const worker = { ...sampleWorker, id, footprint: { at, cpuSeconds, rss: null, pss: null } };
      return { status: { ...sampleStatus, models: [{ ...sampleModel, workers: [worker] }] }, ticks: none };
    };
    const history = [sample("qwen#0.0", 1_000, 5), sample("qwen#0.0", 3_000, 8)];
    const worker = { ...sampleWorker, footprint: { at: 3_000, cpuSeconds: 8, rss: null, pss: null } };
    expect(cpuShare(worker, history)).toBe(1.5);
    expect(cpuShare({ ...worker, id: "qwen#0.1" }, history)).toBeNull();
    expect(cpuShare(worker, [])).toBeNull();
    expect(cpuShare({ ...worker, footprint: null }, history)).toBeNull();
  });
});

describe("a line that is cut", () => {
  it("ends with a sign of it, and with the colours it had", () => {
    expect(cut("abcdef", 6)).toBe("abcdef");
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("ab\u001b[31mcdef\u001b[39m", 4)).toBe("ab\u001b[31mc…\u001b[39m");
    expect(cut("模型模型", 5)).toBe("模型…");
    expect(cut("模型模型", 4)).toBe("模…");
    expect(cut("abc", 1)).toBe("…");
    expect(cut("abc", 0)).toBe("");
  });
});
