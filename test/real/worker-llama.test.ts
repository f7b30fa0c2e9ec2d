import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { cacheDir } from "../../build-scripts/cache.ts";
import type { Program } from "../../src/engine/engine.ts";
import { llamaEngine } from "../../src/engine/llama.ts";
import { ownedFlags } from "../../src/engine/owned-flags.ts";
import { readMachine } from "../../src/machine/read.ts";
import { ensureEchoModel } from "../../src/model/store.ts";
import type { SupervisorSetup } from "../../src/worker/supervisor.ts";
import {
  chat,
  type Kit,
  newDir,
  planOf,
  processState,
  quickOptions,
  removeDirs,
  replacementOf,
  supervise,
  until,
} from "./worker-kit.ts";

const engine = llamaEngine({ arithmetic: "safe" });
let program: Program;
let model: string;
let cpus: number[];

beforeAll(async () => {
  program = await engine.prepare();
  model = await ensureEchoModel(cacheDir());
  cpus = (await readMachine()).cpus.map(({ id }) => id);
});

const kits: Kit[] = [];
afterAll(removeDirs);
afterEach(() => Promise.all(kits.splice(0).map(({ supervisor }) => supervisor.destroy())));

/** One worker a CPU, two at most, on the echo model. */
function real(setup: Partial<SupervisorSetup> = {}): Kit {
  const kit = supervise(engine, program, {
    plan: echoPlan(),
    options: quickOptions({ stallTimeout: 3_000 }),
    ...setup,
  });
  kits.push(kit);
  return kit;
}

const echoPlan = (): ReturnType<typeof planOf> =>
  planOf(
    cpus.slice(0, 2).map((cpu) => [cpu]),
    { path: model, name: "echo" },
  );

/** Words that do not repeat, as the echo model needs them. */
const words = (seed: number): string =>
  Array.from({ length: 12 }, (_, place) => ((seed * 7919 + place * 104_729) % 1_000_003).toString(36)).join(" ");

test("every flag that corral owns is one that this engine has", async () => {
  const { stdout } = await execa(program.path, ["--help"]);
  const known = new Set(stdout.match(/(?<=^|[\s,])--?[a-zA-Z][\w.-]*/gm));
  expect(ownedFlags.filter((flag) => !known.has(flag))).toEqual([]);
});

test("two workers answer word for word, streamed and not", async () => {
  const { supervisor, loads } = real();
  await supervisor.start();
  const asked = [...loads.values()].flatMap((load, worker) =>
    Array.from({ length: 8 }, (_, n) => ({ load, text: words(100 * worker + n), stream: n % 2 === 0 })),
  );
  const answers: string[] = [];
  for (const { load, text, stream } of asked) answers.push(await chat(load, text, { stream }));
  expect(answers).toEqual(asked.map(({ text }) => text));
});

test("is called llama-server, and each thread runs on the worker's CPUs only", async () => {
  const { supervisor, loads } = real();
  await supervisor.start();
  for (const load of loads.values()) await chat(load, words(1));
  for (const { pid, cpus: set } of supervisor.snapshot()) {
    expect(readFileSync(`/proc/${pid}/comm`, "utf8").trim()).toBe("llama-server");
    const threads = readdirSync(`/proc/${pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    const lists = threads.map(
      (thread) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))?.[1],
    );
    expect(new Set(lists)).toEqual(new Set([set.join(",")]));
  }
});

test("the key is not in ps, and without it nobody is served", async () => {
  const { supervisor, loads } = real();
  await supervisor.start();
  const [load] = loads.values();
  const { endpoint } = load!;
  for (const { pid } of supervisor.snapshot()) {
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(endpoint.key);
  }
  Object.assign(load!, { endpoint: { ...endpoint, key: "guessed" } });
  await expect(chat(load!, "let me in")).rejects.toThrow("401");
});

test("SIGKILL and SIGSTOP, idle and busy: replaced, and the answers are right again", async () => {
  const { supervisor, loads, next } = real();
  await supervisor.start();
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    for (const isBusy of [false, true]) {
      const { id, pid } = supervisor.snapshot()[0]!;
      const load = loads.get(id)!;
      const lost = isBusy ? chat(load, words(7), { stream: true }).catch((error: unknown) => error) : null;
      if (isBusy) await until(() => load.inFlight === 1);
      const back = next(replacementOf(id));
      process.kill(pid!, signal);
      const again = await back;
      await lost;
      expect(processState(pid!)).toBeNull();
      expect(await chat(loads.get(again.id)!, words(8))).toBe(words(8));
    }
  }
});

test("drain under load: what runs is answered in full, then the processes end", async () => {
  const { supervisor, loads } = real();
  await supervisor.start();
  const text = words(3);
  const answers = [...loads.values()].map((load) => chat(load, text, { stream: true }));
  await until(() => [...loads.values()].every(({ inFlight }) => inFlight > 0));
  const pids = supervisor.snapshot().map(({ pid }) => pid!);
  await supervisor.close();
  expect(new Set(await Promise.all(answers))).toEqual(new Set([text]));
  expect(pids.map(processState)).toEqual(pids.map(() => null));
});

test("start failures of the real engine are told apart, and not repeated", async () => {
  const dir = newDir();
  const file = (name: string, make: (path: string) => void): string => {
    const path = join(dir, name);
    make(path);
    return path;
  };
  const cases = [
    { path: join(dir, "nothing.gguf"), code: "CORRAL_MODEL_MISSING" },
    { path: file("empty.gguf", (path) => writeFileSync(path, "")), code: "CORRAL_MODEL_BROKEN" },
    { path: file("page.gguf", (path) => writeFileSync(path, "<!DOCTYPE html>")), code: "CORRAL_MODEL_BROKEN" },
    { path: file("half.gguf", half), code: "CORRAL_MODEL_BROKEN" },
    { path: file("absurd.gguf", (path) => writeFileSync(path, absurd())), code: "CORRAL_MODEL_BROKEN" },
    { path: model, args: ["--no-such-flag"], code: "CORRAL_BAD_OPTION" },
    { path: model, args: ["-fa", "maybe"], code: "CORRAL_BAD_OPTION" },
  ];
  for (const { path, args = [], code } of cases) {
    const { supervisor, events } = real({
      plan: planOf(2, { path, name: "broken" }),
      options: quickOptions({ args }),
    });
    await expect(supervisor.start()).rejects.toMatchObject({ code });
    expect(events.map(({ state }) => state.name)).toEqual(["starting", "failed"]);
  }
});

function half(path: string): void {
  copyFileSync(model, path);
  truncateSync(path, 9_000_000);
}

function absurd(): Buffer {
  const header = Buffer.alloc(24);
  header.write("GGUF");
  header.writeUInt32LE(3, 4);
  header.writeBigUInt64LE(1n << 60n, 8);
  header.writeBigUInt64LE(1n << 60n, 16);
  return header;
}

test("a long prompt on one thread is not taken for a wedge", async () => {
  const options = quickOptions({ stallTimeout: 100, probeInterval: 20 });
  const plan = { ...planOf([[cpus[0]!]], { path: model, name: "echo" }), context: 4096, slots: 1 };
  const { supervisor, loads, events } = real({ plan, options });
  await supervisor.start();
  const [load] = loads.values();
  await chat(
    load!,
    Array.from({ length: 60 }, (_, n) => words(n))
      .join(" ")
      .slice(0, 3_500),
  ).catch(() => {});
  expect(events.filter(({ state }) => state.name === "failed")).toEqual([]);
});
