import { expect, test } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import { resolvePoolOptions } from "../../src/config/resolve.ts";
import { draw, redraw } from "../../src/pool/blueprint.ts";
import { knownMachine } from "../plan/known-machine.ts";

const MIB = 1024 ** 2;

test("a prompt cache of a given size is what a new plan has, not what the old one had", async () => {
  const machine = await knownMachine("vps-2-cores");
  const options = (promptCache: PoolOptions["promptCache"]) =>
    resolvePoolOptions({ source: "echo", engine: "llama", workers: 1, promptCache });
  const blueprint = await draw(options("64MiB"), { machine, useTuned: false });
  expect(blueprint.plan).toMatchObject({ promptCache: 64, memory: { promptCache: 64 * MIB } });
  expect(redraw(blueprint, options("96.5MiB"), machine).plan.promptCache).toBe(96);
  expect(redraw(blueprint, options(0), machine).plan.promptCache).toBe(0);
  expect(redraw({ ...blueprint, sharers: 4 }, options("64MiB"), machine).plan.promptCache).toBe(64);
});
