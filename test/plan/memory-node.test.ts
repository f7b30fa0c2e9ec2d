import { expect, test } from "vitest";
import type { Machine } from "../../src/machine/machine.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { eightBillion } from "./models.ts";

const GIB = 1024 ** 3;

function nodesOn(machine: Machine, overrides: PlanOverrides): (number | null)[] {
  return makePlan(machine, eightBillion, llama, { slots: 4, ...overrides }).workers.map(({ node }) => node);
}

test("a worker gets its memory from the node of its CPUs, where there are several", async () => {
  const server = await knownMachine("server-2-sockets");
  expect(nodesOn(server, { workers: 4 })).toEqual([0, 0, 1, 1]);
  expect(nodesOn(server, { workers: 1 })).toEqual([null]);
  expect(nodesOn(await knownMachine("desktop-16-cores"), { workers: 2 })).toEqual([null, null]);
  expect(nodesOn({ ...server, os: "darwin" }, { workers: 2 })).toEqual([null, null]);
});

test("a node too small for its workers binds none of them", async () => {
  const server = await knownMachine("server-2-sockets");
  const lopsided = server.numaNodes.map((node) => (node.id === 0 ? { ...node, memory: 20 * GIB } : node));
  expect(nodesOn({ ...server, numaNodes: lopsided }, { workers: 4 })).toEqual([null, null, 1, 1]);
  // Memory without a size is unknown: nothing is bound to it.
  const unknown = server.numaNodes.map((node) => ({ ...node, memory: 0 }));
  expect(nodesOn({ ...server, numaNodes: unknown }, { workers: 2 })).toEqual([null, null]);
});
