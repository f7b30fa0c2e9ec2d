import { expect, it } from "vitest";
import { figure, markdownTable, times } from "../../bench/kit/table.ts";

it("writes Markdown whose source is aligned", () => {
  expect(
    markdownTable(
      ["front", "ms"],
      [
        ["nginx", "0.2"],
        ["a", "15.25"],
      ],
    ),
  ).toBe(
    [
      "| front |    ms |",
      "| ----- | ----: |",
      "| nginx |   0.2 |",
      "| a     | 15.25 |", //
    ].join("\n"),
  );
});

it("keeps three digits, and none finer than a thousandth", () => {
  expect([0.01234, 4.567, 78.94, 1234.5, -0.5, Number.NaN].map(figure)).toEqual([
    "0.012",
    "4.57",
    "78.9",
    "1235",
    "-0.500",
    "-",
  ]);
});

it("shows a ratio with its spread", () => {
  expect(times({ median: 1.894, least: 1.7, most: 2.2 })).toBe("1.89x (1.70 to 2.20)");
  expect(times({ median: 2 })).toBe("2.00x");
  expect(times({ median: 2, least: 2, most: 2 })).toBe("2.00x");
  expect(times({ median: Number.NaN, least: 0, most: 0 })).toBe("-");
});
