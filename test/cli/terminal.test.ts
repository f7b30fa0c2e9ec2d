import { expect, test } from "vitest";
import { formatBytes, inMebibytes } from "../../src/cli/terminal/bytes.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { table } from "../../src/cli/terminal/table.ts";

test("columns are as wide as their widest cell", () => {
  const columns = [{ title: "worker" }, { title: "MiB", align: "right" as const }, { title: "note" }];
  expect(
    table(columns, [
      ["0", "7", "first"],
      ["1", "1024", ""],
    ]),
  ).toBe(["worker   MiB  note", "0          7  first", "1       1024"].join("\n"));
});

test("colours and wide characters do not shift columns", () => {
  const { red } = coloursFor({ isTTY: true }, {});
  const lines = table(
    [{ title: "" }, { title: "" }],
    [
      ["模型", "|"],
      [red("four"), "|"],
    ],
  ).split("\n");
  expect(lines).toEqual(["模型  |", `${red("four")}  |`]);
});

test("bytes for people", () => {
  expect([0, 1023, 1024, 1536, 10 * 1024, 1023 * 1024 ** 2, 24 * 1024 ** 3].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "10 KiB",
    "1.0 GiB",
    "24 GiB",
  ]);
  expect([0, 1.5 * 1024 ** 2, 1024 ** 3].map(inMebibytes)).toEqual(["0", "1.5", "1024"]);
});

test("colours only on a terminal, and never with NO_COLOR", () => {
  expect(coloursFor({ isTTY: true }, {}).red("x")).toBe("\u001b[31mx\u001b[39m");
  expect(coloursFor({}, {}).red("x")).toBe("x");
  expect(coloursFor({ isTTY: true }, { NO_COLOR: "1" }).red("x")).toBe("x");
  expect(coloursFor({ isTTY: true }, { TERM: "dumb" }).red("x")).toBe("x");
});
