import { expect, test } from "vitest";
import { type AdministeredPool, administerPools, type InstanceParts } from "../../src/admin/pools.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { WorkerStats } from "../../src/pool-types.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";
import { type StubOptions, stubPool } from "../fixtures/stub-pool.ts";

const plan: Plan = {
  ...samplePlan,
  workers: [0, 1].map((replica) => ({ replica, cpus: [replica], threads: 1, node: null })),
  memory: {
    ...{ file: 1_000, repacked: 100, kv: 20, compute: 5, promptCache: 50, headroom: 7 },
    ...{ total: 1_250, peak: 1_357, budget: 9_000 },
  },
};

function pool(options: StubOptions, states: readonly WorkerStats["state"][] = []): AdministeredPool {
  const stub = stubPool(options);
  const workers = states.map((state, replica) => ({ state, replica }));
  const base = stub.stats;
  const stats = () => ({ ...base(), workers });
  return {
    pool: Object.assign(stub, { plan, stats }) as never,
    aliases: ["gpt"],
    group: null,
    start: "eager",
    source: "x",
  };
}

function instance(pools: readonly AdministeredPool[], parts: Partial<InstanceParts> = {}) {
  const refuse = () => Promise.reject(new Error("not asked for"));
  return administerPools({
    ...{ pools, version: "1.2.3", files: ["/etc/corral.yaml"], cpus: [0, 1], listen: () => ["unix:/x"] },
    ...{ isDraining: () => false, reload: refuse, upgrade: refuse },
    ...parts,
  });
}

test("the ledger counts the model file once, and each worker that runs", () => {
  const memory = (...states: readonly WorkerStats["state"][]) => instance([pool({}, states)]).status().memory;
  expect(memory("ready", "ready")).toEqual({ used: 1_000 + 2 * 175, budget: 9_000 });
  expect(memory("ready", "failed")).toEqual({ used: 1_000 + 175, budget: 9_000 });
  expect(memory()).toEqual({ used: 0, budget: 9_000 });
  expect(instance([pool({}, ["ready"])]).status()).toMatchObject({
    ...{ version: "1.2.3", pid: process.pid, listen: ["unix:/x"], files: ["/etc/corral.yaml"], cpus: [0, 1] },
    models: [{ name: "stub", aliases: ["gpt"], plan: { workers: 2, slots: 4, context: 2_048, bytes: 1_350 } }],
  });
});

test("it starts as long as one of its models does", () => {
  expect(instance([pool({}), pool({ name: "b", state: "starting" })]).status().state).toBe("starting");
  expect(instance([pool({}), pool({ name: "b", state: "failed" })]).status().state).toBe("ready");
  expect(instance([pool({ state: "starting" })], { isDraining: () => true }).status().state).toBe("draining");
});

test("a model is found by its name or an alias, and a worker by its number", async () => {
  const asked: string[] = [];
  const qwen = pool({ name: "qwen" });
  Object.assign(qwen.pool, {
    restart: async () => void asked.push("restart"),
    scale: async (n: number) => void asked.push(`scale ${n}`),
  });
  const { restart, scale, logs } = instance([qwen]);
  await restart("qwen");
  await scale("gpt", 3);
  expect(asked).toEqual(["restart", "scale 3"]);
  const unknown = { code: "CORRAL_REQUEST_INVALID", facts: { status: 404 }, message: expect.stringContaining("qwen") };
  await expect(restart("qwn")).rejects.toMatchObject(unknown);
  expect(() => logs("qwen", { worker: 2 })).toThrow(/no worker 2. Its workers: 0, 1/);
});
