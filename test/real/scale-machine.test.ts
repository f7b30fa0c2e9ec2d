import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { Plan, Pool } from "../../src/index.ts";
import { formatCpuList } from "../../src/machine/cpulist.ts";
import { readMachine } from "../../src/machine/read.ts";
import { createPool } from "../../src/pool.ts";
import { makeCgroup } from "../fixtures/cgroup.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { unpackFiles } from "../fixtures/machines/unpack.ts";
import { CorralProcess, compileCommand } from "../fixtures/serve-kit.ts";
import { randomTexts } from "../pool/texts.ts";
import { until, zombies } from "./worker-kit.ts";

const QUICK = { probeInterval: 50, probeTimeout: 500, killTimeout: 1_000 };

/** Two CPUs that this process may really use. */
const [one, two] = (await readMachine()).cpus.map(({ id }) => id);
const hasTwo = one !== undefined && two !== undefined;
const pair = [one ?? 0, two ?? 0];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(zombies()).toEqual([]);
});

/** A machine of files with two real CPUs and a quota of both, and a pool on it. */
async function pooled(options: PoolOptions, behaviour: Parameters<typeof fakeEngine>[0] = {}) {
  const cores = pair.flatMap((id) => [
    [`/sys/devices/system/cpu/cpu${id}/topology/core_cpus_list`, `${id}`],
    [`/sys/devices/system/cpu/cpu${id}/topology/physical_package_id`, "0"],
  ]);
  const folder = await unpackFiles({
    "/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu sse2 avx2 fma f16c lm\n",
    "/proc/meminfo": readFileSync("/proc/meminfo", "utf8"),
    "/proc/self/status": `Cpus_allowed_list:\t${formatCpuList(pair)}\n`,
    "/proc/self/cgroup": "0::/\n",
    "/proc/self/mountinfo": "611 600 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
    "/sys/devices/system/cpu/online": `${formatCpuList(pair)}\n`,
    "/sys/fs/cgroup/cpu.max": "200000 100000\n",
    ...Object.fromEntries(cores),
  });
  closing.push(async () => folder[Symbol.asyncDispose]());
  const setup = { engine: fakeEngine(behaviour), machineRoot: folder.root };
  const pool = await createPool({ ...QUICK, ...options }, setup);
  closing.push(() => pool.destroy());
  return { pool, write: (file: string, text: string) => writeFile(path.join(folder.root, file), text) };
}

/** Clients that ask one request after the other until told to stop. */
function load(pool: Pool, clients: number) {
  const failures: unknown[] = [];
  let isOver = false;
  let served = 0;
  const client = async (name: number): Promise<void> => {
    while (!isOver) {
      const text = `!pace 5 ${name} says ${served}`;
      try {
        const answer = await pool.chat({ messages: [{ role: "user", content: text }] });
        expect(answer.choices[0]?.message.content).toBe(text);
        served += 1;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  return {
    failures,
    get served() {
      return served;
    },
    async stop() {
      isOver = true;
      await all;
    },
  };
}

function planned(pool: Pool): Promise<Plan> {
  return new Promise((resolve) => pool.once("planned", resolve));
}

const cpusOf = ({ workers }: Plan): number[] => workers.flatMap(({ cpus }) => cpus).sort((a, b) => a - b);
const runningOn = (pool: Pool): number[] =>
  pool
    .stats()
    .workers.flatMap(({ cpus, state }) => (state === "ready" ? cpus : []))
    .sort((a, b) => a - b);

describe.runIf(hasTwo)("a machine of files whose limits change under load", () => {
  it("is planned anew each time, and no request is lost", async () => {
    const { pool, write } = await pooled({ slots: 2, drainTimeout: 1 });
    expect(runningOn(pool)).toEqual(pair);
    const warnings: string[] = [];
    pool.on("warning", (sentence) => warnings.push(sentence));
    const clients = load(pool, 8);
    const long = pool.chat({ messages: [{ role: "user", content: "!pace 200 it takes its time, whatever happens" }] });

    for (const [file, text, cpus] of [
      ["/sys/fs/cgroup/cpu.max", "100000 100000", 1],
      ["/sys/fs/cgroup/cpu.max", "max 100000", 2],
      ["/proc/self/status", `Cpus_allowed_list:\t${two}\n`, 1],
      ["/proc/self/status", `Cpus_allowed_list:\t${formatCpuList(pair)}\n`, 2],
    ] as const) {
      const next = planned(pool);
      await write(file, text);
      const plan = await next;
      expect(cpusOf(plan).length).toBe(cpus);
      await until(() => JSON.stringify(runningOn(pool)) === JSON.stringify(cpusOf(plan)));
      const before = clients.served;
      await until(() => clients.served > before + 8);
    }
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect((await long).choices[0]?.message.content).toContain("whatever happens");
    expect(pool.stats()).toMatchObject({ lost: 0, refused: 0, queued: 0 });
    expect(warnings[0]).toMatch(/^The machine's limits have changed \(CPU quota 2 -> 1\): .* instead of .*\.$/);
  });

  it("a single worker stays until its successor serves", async () => {
    const { pool, write } = await pooled({ workers: 1, slots: 2, queueLimit: 0 }, { loadMs: 300 });
    const before = pool.stats().workers[0]?.id;
    let least = 1;
    pool.on("worker", () => {
      least = Math.min(least, pool.stats().workers.filter(({ state }) => state === "ready").length);
    });
    const clients = load(pool, 1);
    const next = planned(pool);
    await write("/sys/fs/cgroup/cpu.max", "100000 100000");
    expect(cpusOf(await next).length).toBe(1);
    await until(() => pool.stats().workers.length === 1 && pool.stats().workers[0]?.id !== before);
    await clients.stop();
    expect([least, clients.failures]).toEqual([1, []]);
  });

  it("keeps its workers where no other plan fits, and says so once", async () => {
    const { pool, write } = await pooled({ workers: 2, threads: 1 });
    const before = pool.stats().workers;
    const warned = new Promise<string>((resolve) => pool.once("warning", resolve));
    let plans = 0;
    pool.on("planned", () => {
      plans += 1;
    });
    await write("/proc/self/status", `Cpus_allowed_list:\t${two}\n`);
    expect(await warned).toMatch(/limits have changed \(CPUs .* -> .*\), and the workers stay as they are: /);
    expect([plans, pool.stats().workers]).toEqual([0, before]);
  });

  it("plans for what is there when it is woken", async () => {
    const { pool, write } = await pooled({ idleTimeout: 100 });
    await until(() => pool.state === "idle" && pool.stats().workers.length === 0);
    const next = planned(pool);
    await write("/sys/fs/cgroup/cpu.max", "100000 100000");
    const plan = await next;
    expect(pool.state).toBe("idle");
    const ready = new Promise((resolve) => pool.once("scaled", resolve));
    const answer = pool.chat({ messages: [{ role: "user", content: "!pace 300 awake" }] });
    expect(await ready).toMatchObject({ from: 0, to: plan.workers.length, why: "wake" });
    await answer;
    expect(cpusOf(plan).length).toBe(1);
  });
});

describe.runIf(hasTwo)("`corral serve` in a cgroup of the live system", () => {
  beforeAll(compileCommand);

  it("follows its quota under load without losing a request", async ({ skip }) => {
    const cgroup = makeCgroup();
    // The same code is tested on a machine of files above.
    if (cgroup === null) return skip("cgroups can't be written here");
    closing.push(async () => cgroup.remove());
    const server = new CorralProcess(["serve", "echo", "--port", "0", "--slots", "4"]);
    closing.push(async () => {
      server.child.kill("SIGKILL");
      await server.exit;
      await until(() => server.workers().length === 0);
    });
    cgroup.add(server.child.pid ?? 0);
    const url = await server.url();
    await server.said(/ready: echo/);

    const texts = randomTexts(40);
    const wrong: unknown[] = [];
    let served = 0;
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const text = texts[served % texts.length] ?? "";
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ model: "echo", messages: [{ role: "user", content: text }], temperature: 0 }),
        });
        const answer = await response.text();
        served += 1;
        if (JSON.parse(answer).choices?.[0]?.message.content !== text) wrong.push([response.status, answer]);
      }
    };
    const clients = Promise.all(Array.from({ length: 4 }, client));
    for (const [quota, change] of [
      [1, "CPU quota none -> 1"],
      [null, "CPU quota 1 -> none"],
    ] as const) {
      cgroup.setQuota(quota);
      await until(() => server.stderr.includes(change));
      const before = served;
      await until(() => served >= before + 8);
    }
    isOver = true;
    await clients;
    expect(wrong).toEqual([]);
    server.child.kill("SIGTERM");
    expect(await server.exit).toEqual({ code: 0, signal: null });
  });
});
