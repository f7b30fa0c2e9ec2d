import { expect, test } from "vitest";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { renderReasons } from "../../src/cli/terminal/reasons.ts";

test("a reason is a heading, what is behind it and what was rejected, in lines that fit a terminal", () => {
  const long = Array.from({ length: 30 }, (_, n) => `word${n}`).join(" ");
  const reasons = [
    { about: "workers", choice: "2 workers", because: long, rejected: ["1 worker: slower", long] },
    { about: "slots", choice: "4", because: "asked for", rejected: [] },
  ];
  const text = renderReasons(reasons, coloursFor({}));
  const lines = text.split("\n");
  expect(lines[0]).toBe("workers: 2 workers");
  expect(lines).toContain("  not 1 worker: slower");
  expect(lines.slice(-2)).toEqual(["slots: 4", "  asked for"]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  // Nothing is lost between the lines.
  expect(text.split(/\s+/).filter((word) => word.startsWith("word"))).toHaveLength(60);
});
