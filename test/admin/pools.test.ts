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
    ...{ file: 1_000, unpacked: 0, repacked: 100, kv: 20, compute: 5, promptCache: 50, headroom: 7 },
    ...{ total: 1_250, peak: 1_357, budget: 9_000 },
  },
};

function pool(options: StubOptions, states: readonly WorkerStats["state"][] = []): AdministeredPool {
  const stub = stubPool(options);
  const workers = states.map((state, replica) => ({ state, replica }));
  const base = stub.stats;
  const stats = () => ({ ...base(), workers });
  return {
    name: stub.name,
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
    ...{ pools: () => pools, version: "1.2.3", files: () => ["/etc/corral.yaml"], cpus: [0, 1], listen: ["unix:/x"] },
    ...{ memory: () => ({ used: 1, budget: 2 }), isReloading: () => false },
    ...{ isDraining: () => false, reload: refuse, upgrade: refuse },
    ...parts,
  });
}

test("a status tells what was asked for and what became of it", async () => {
  expect(await instance([pool({}, ["ready"])]).status()).toMatchObject({
    ...{ version: "1.2.3", pid: process.pid, listen: ["unix:/x"], files: ["/etc/corral.yaml"], cpus: [0, 1] },
    memory: { used: 1, budget: 2 },
    models: [{ name: "stub", aliases: ["gpt"], plan: { workers: 2, slots: 4, context: 2_048, bytes: 1_350 } }],
  });
});

test("it starts as long as one of its models does", async () => {
  const stateOf = async (...parts: Parameters<typeof instance>) => (await instance(...parts).status()).state;
  expect(await stateOf([pool({}), pool({ name: "b", state: "starting" })])).toBe("starting");
  expect(await stateOf([pool({}), pool({ name: "b", state: "failed" })])).toBe("ready");
  expect(await stateOf([pool({})], { isReloading: () => true })).toBe("reloading");
  expect(await stateOf([pool({ state: "starting" })], { isDraining: () => true })).toBe("draining");
});

test("a model is found by its name or an alias, and a worker by its number", async () => {
  const asked: string[] = [];
  const qwen = pool({ name: "qwen" });
  Object.assign(qwen.pool, {
    restart: async () => void asked.push("restart"),
    scale: async (n: number) => void asked.push(`scale ${n}`),
    pardon: () => asked.push("pardon"),
  });
  const { restart, scale, pardon, logs } = instance([qwen]);
  await restart("qwen");
  await scale("gpt", 3);
  expect(await pardon("qwen")).toBe(3);
  expect(asked).toEqual(["restart", "scale 3", "pardon"]);
  const unknown = { code: "CORRAL_REQUEST_INVALID", facts: { status: 404 }, message: expect.stringContaining("qwen") };
  await expect(restart("qwn")).rejects.toMatchObject(unknown);
  expect(() => logs("qwen", { worker: 2 })).toThrow(/no worker 2. Its workers: 0, 1/);
});
