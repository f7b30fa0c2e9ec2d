import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinkTable } from "../../src/route/link-table.ts";

/** Links that collide in every table: their low bits are few. */
const anyLink = fc
  .tuple(fc.constantFrom(0, 1, 2, 1_023), fc.nat(300), fc.nat(2 ** 20))
  .map(([low, middle, high]) => high * 2 ** 32 + middle * 2 ** 20 + low);

function holdersOf(table: LinkTable, link: number, rows: number): number[] {
  const marks = new Float64Array(rows);
  table.mark(link, marks, 1);
  return [...marks.keys()].filter((row) => marks[row] === 1);
}

describe("LinkTable", () => {
  it("knows the holders of each link, whatever came and went", () => {
    const anyStep = fc.record({ link: fc.nat(60), row: fc.nat(5) });
    fc.assert(
      fc.property(
        fc.uniqueArray(anyLink, { minLength: 61, maxLength: 61 }),
        fc.array(anyStep, { maxLength: 400 }),
        (links, steps) => {
          const table = new LinkTable();
          const model = new Map<number, Set<number>>();
          for (const { link: at, row } of steps) {
            const link = links[at]!;
            const rows = model.get(link) ?? new Set();
            if (rows.has(row)) {
              table.remove(link, row);
              rows.delete(row);
            } else {
              table.add(link, row);
              rows.add(row);
            }
            if (rows.size === 0) model.delete(link);
            else model.set(link, rows);
            expect(table.size).toBe(model.size);
          }
          for (const link of links) {
            const rows = [...(model.get(link) ?? [])].sort();
            expect([table.countOf(link), holdersOf(table, link, 6)]).toEqual([rows.length, rows]);
          }
        },
      ),
    );
  });

  it("grows with what it holds, and gives it back", () => {
    const table = new LinkTable();
    const link = (at: number): number => at * 7_919 * 1_048_573 + at;
    for (let at = 0; at < 50_000; at += 1) table.add(link(at), at % 100);
    for (let at = 0; at < 50_000; at += 7) expect(holdersOf(table, link(at), 100)).toEqual([at % 100]);
    for (let at = 0; at < 50_000; at += 1) if (at % 1_000 !== 0) table.remove(link(at), at % 100);
    expect(table.size).toBe(50);
    for (let at = 0; at < 50_000; at += 1) expect(table.countOf(link(at))).toBe(at % 1_000 === 0 ? 1 : 0);
  });

  it("forgets nothing for a row that holds no such link", () => {
    const table = new LinkTable();
    table.add(5, 1);
    table.remove(5, 2);
    table.remove(6, 1);
    expect([table.size, table.countOf(5)]).toEqual([1, 1]);
  });
});
