import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { BuildEvent } from "../../build-scripts/options.ts";
import { progressReporter } from "../../build-scripts/progress.ts";
import { secondsLeft, stepsIn } from "../../build-scripts/steps.ts";

describe("steps", () => {
  it("are read from Ninja and Make", () => {
    expect(stepsIn("[12/345] Building CXX object a.o")).toEqual({ done: 12, total: 345 });
    expect(stepsIn("[  7%] Building C object b.o")).toEqual({ done: 7, total: 100 });
    expect(stepsIn("[100%] Built target llama-server")).toEqual({ done: 100, total: 100 });
  });

  it("are not read from anything else", () => {
    for (const line of ["-- [1/2] x", "warning: [3/4]", "[a/b]", "", "array[3/4]"]) expect(stepsIn(line)).toBeNull();
  });

  it("tell the time left once two percent are done", () => {
    expect(secondsLeft({ done: 1, total: 200 }, 1)).toBeNull();
    expect(secondsLeft({ done: 50, total: 200 }, 60)).toBe(180);
    expect(secondsLeft({ done: 200, total: 200 }, 60)).toBe(0);
  });
});

const EVENTS: BuildEvent[] = [
  { kind: "source-try", channel: "npm", detail: "x@1" },
  { kind: "source-miss", channel: "npm", reason: "no network" },
  { kind: "stage", stage: "compile", text: "compiling with 2 jobs" },
  { kind: "progress", stage: "compile", done: 1, total: 100, secondsLeft: null },
  { kind: "progress", stage: "compile", done: 50, total: 100, secondsLeft: 75 },
  { kind: "progress", stage: "compile", done: 51, total: 100, secondsLeft: 74 },
  { kind: "progress", stage: "compile", done: 100, total: 100, secondsLeft: 0 },
  { kind: "stage", stage: "prove", text: "proving" },
  { kind: "progress", stage: "prove", done: 10, total: 10, secondsLeft: null },
  { kind: "warning", text: "half a loaf" },
  { kind: "done", dir: "/cache/llama-0", seconds: 61 },
];

function written(isTTY: boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo: () => true, clearLine: () => true });
  const report = progressReporter(stream);
  EVENTS.forEach(report);
  return String(stream.read() ?? "");
}

describe("progress", () => {
  it("is plain lines where nobody looks on, a line for every tenth", () => {
    expect(written(false).split("\n")).toEqual([
      "source: trying npm (x@1)",
      "source: not by npm: no network",
      "compiling with 2 jobs",
      "compiling: 50 of 100, 1 min 15 s left",
      "compiling: 100 of 100, 0 s left",
      "proving",
      "proving: 10 of 10",
      "warning: half a loaf",
      "built and proven in 1 min 1 s: /cache/llama-0",
      "",
    ]);
  });

  it("is a bar on a terminal, and the lines stay readable around it", () => {
    const raw = written(true);
    const text = stripVTControlCharacters(raw);
    expect(raw).not.toBe(text);
    expect(text).toMatch(/compiling \[.*\] 1\/100/);
    expect(text).toContain("warning: half a loaf\n");
  });
});
