import { expect, test } from "vitest";
import { planCommand } from "../../src/cli/plan.ts";
import { serveCommand } from "../../src/cli/serve.ts";
import { poolOptions } from "../../src/config/pool-options.ts";

/** Of a plan; the others are about running it. */
const OF_A_PLAN = [
  "engine",
  "goal",
  "concurrency",
  "workers",
  "threads",
  "slots",
  "context",
  "repack",
  "keyValueType",
  "promptCache",
  "batch",
  "flashAttention",
  "spin",
  "speculation",
  "sharedCache",
  "hugePages",
  "mapWeights",
] as const satisfies readonly (keyof typeof poolOptions.shape)[];

test.each([planCommand(), serveCommand()])("whatever a plan depends on can be said to %#", (command) => {
  const flags = command.options.map((option) => option.attributeName());
  expect(flags).toEqual(expect.arrayContaining([...OF_A_PLAN]));
});

test("values that the plan takes are values of the pool", () => {
  const values = planCommand().options.flatMap((option) =>
    (option.argChoices ?? []).map((value) => ({ [option.attributeName()]: value })),
  );
  expect(values).toContainEqual({ goal: "latency" });
  for (const value of values) expect(() => poolOptions.parse(value)).not.toThrow();
});
