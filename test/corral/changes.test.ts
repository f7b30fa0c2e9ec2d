import { describe, expect, it } from "vitest";
import { resolveModelOptions } from "../../src/config/resolve.ts";
import { diff } from "../../src/corral/changes.ts";

describe("what other options mean", () => {
  it("is told for each model once", () => {
    const before = [
      resolveModelOptions("same", { source: "echo", workers: 1 }),
      resolveModelOptions("changed", { source: "echo" }),
      resolveModelOptions("gone", { source: "echo" }),
    ];
    const after = [
      resolveModelOptions("new", { source: "echo" }),
      resolveModelOptions("changed", { source: "echo", slots: 2 }),
      resolveModelOptions("same", { workers: 1, source: "echo" }),
    ];
    const { added, removed, changed, unchanged } = diff(before, after);
    expect(added.map(({ name }) => name)).toEqual(["new"]);
    expect(removed).toEqual(["gone"]);
    expect(changed).toEqual([after[1]]);
    expect(unchanged).toEqual(["same"]);
  });

  it("counts an alias as a change", () => {
    const [before, after] = [[], ["other"]].map((aliases) => resolveModelOptions("a", { source: "echo", aliases }));
    expect(diff(before ? [before] : [], after ? [after] : []).changed).toEqual([after]);
  });
});
