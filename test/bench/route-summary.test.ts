import { expect, it } from "vitest";
import { verdictLine } from "../../bench/kit/verdict.ts";
import { plot, tables } from "../../bench/route/summary.ts";
import { svg } from "../../bench/route/svg.ts";
import { type Cell, verdictsOf } from "../../bench/route/verdict.ts";

function cell(policy: string, p50: number, p95: number, workers = 2): Cell {
  return { workload: "chats", workers, policy, figures: { p50, p95, p99: 9, saved: 0.5, throughput: 100 } };
}

it("is content with the best, and with 3% more than the best, of the same workload and size only", () => {
  const cells = [
    cell("mine", 1.03, 2.07),
    cell("a", 1, 3),
    cell("b", 2, 2),
    cell("a", 0.1, 0.1, 8),
    { ...cell("a", 0.1, 0.1), workload: "other" },
  ];
  const [p50, p95, ...rest] = verdictsOf(cells, "mine").map(verdictLine);
  expect(p50).toBe("reached: p50 to the first token, chats, 2 workers: 1.03x that of a, the best other");
  expect(p95).toBe("MISSED: p95 to the first token, chats, 2 workers: 1.03x that of b, the best other");
  expect(rest).toEqual([]);
});

it("claims nothing where there is no other policy", () => {
  expect(verdictsOf([cell("mine", 1, 2)], "mine").map(({ reached }) => reached)).toEqual([false, false]);
});

it("shows each policy in the table and in both plots", () => {
  const cells = [cell("mine", 1, 2), cell("other", 2, 4)];
  expect(tables(cells)).toMatch(/\| mine +\| +2 \| +1\.00 \| +2\.00 \| +9\.00 \| +50\.0% \| +100 \|/);
  expect(plot(cells, 80)).toMatch(/^ *mine █+.?░+ 1\.00 to 2\.00 s$/m);
  expect(svg(cells).match(/<rect/g)).toHaveLength(4);
});
