import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { collectGarbage } from "../../src/cli/serve/collect-garbage.ts";

test("what nobody holds is gone at once", async () => {
  const held = { name: "held" };
  const refs = [new WeakRef(held), new WeakRef({ name: "garbage" })];
  // Until the end of its turn a new WeakRef holds what it refers to.
  await turn();
  collectGarbage();
  expect(refs.map((ref) => ref.deref()?.name)).toEqual(["held", undefined]);
  expect(held.name).toBe("held");
});
