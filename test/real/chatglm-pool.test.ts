import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import { chatglmEngine } from "../../src/engine/chatglm.ts";
import type { CallOptions, ChatRequest, Pool, WorkerEvent } from "../../src/index.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { createPool } from "../../src/pool.ts";
import {
  newDir,
  planOf,
  processState,
  removeDirs,
  replacementOf,
  supervise,
  until,
  workerEvent,
  zombies,
} from "./worker-kit.ts";

/** The faults of pool-llama.test.ts and worker-llama.test.ts, over workers of the other engine. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

let alphabet: string;
let endless: string;
beforeAll(async () => {
  const dir = newDir();
  alphabet = join(dir, "alphabet.bin");
  endless = join(dir, "endless.bin");
  await writeScriptedChatglm(alphabet, { type: 3, script: "alphabet" });
  await writeScriptedChatglm(endless, { type: 3, script: "endless", maxLength: 65_536 });
});
afterAll(removeDirs);

const pools: Pool[] = [];
async function created(options: PoolOptions): Promise<Pool> {
  const pool = await createPool({ engine: "chatglm", threads: 1, ...options });
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const say = (content: string): ChatRequest => ({ messages: [{ role: "user", content }], temperature: 0 });

async function chat(pool: Pool): Promise<string> {
  return (await pool.chat(say("go on"))).choices[0]?.message.content ?? "";
}

async function stream(pool: Pool, options: CallOptions = {}): Promise<string> {
  let text = "";
  for await (const chunk of pool.chatStream(say("go on"), options)) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

/** The status of each thread of a process; threads come and go meanwhile. */
function tasks(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return [readFileSync(`/proc/${pid}/task/${task}/status`, "utf8")];
    } catch {
      return [];
    }
  });
}

/** As /proc has it, where there are fewer than 32 CPUs; else the last of its words. */
const maskOf = (cpus: readonly number[]): string => cpus.reduce((mask, cpu) => mask | (1 << cpu), 0).toString(16);

/** Resolves once the process has computed for a tenth of a second more: it has taken up what it was asked. */
async function computing(pid: number): Promise<void> {
  const ticks = (): number => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[11]);
  };
  const before = ticks();
  await until(() => ticks() >= before + 10);
}

/** What chatglm-server itself says it works on. */
async function processing(pool: Pool): Promise<number> {
  const metrics = await (await pool.request({ path: "/metrics" })).text();
  return Number(/^llamacpp:requests_processing (\d+)/m.exec(metrics)?.[1]);
}

describe("a pool of chatglm-server workers", () => {
  it("answers 64 requests at once over 2 workers, streamed and not", async () => {
    const pool = await created({ model: alphabet, workers: 2 });
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? chat(pool) : stream(pool))),
    );
    expect(new Set(answers)).toEqual(new Set([ALPHABET]));
    const { workers, served, lost } = pool.stats();
    expect([served, lost]).toEqual([64, 0]);
    for (const worker of workers) expect(worker.served).toBeGreaterThan(8);
  });

  it.each([1, 2])(
    "computes with %i threads where planned so, all of the process on the worker's CPUs",
    async (threads) => {
      const pool = await created({ model: endless, workers: 1, threads, context: 65_536 });
      const [{ pid = 0, cpus = [] } = {}] = pool.stats().workers;
      const client = new AbortController();
      const answer = stream(pool, { signal: client.signal }).catch(() => {});
      await computing(pid ?? 0);
      let most = 0;
      const allowed = new Set<string | undefined>();
      for (let seen = 0; seen < 500; seen += most >= threads ? 1 : 0) {
        const status = tasks(pid ?? 0);
        // Those that compute have the program's name; the others say what they do.
        most = Math.max(most, status.filter((text) => text.startsWith("Name:\tchatglm-server\n")).length);
        for (const text of status) allowed.add(/^Cpus_allowed:\t(.*)$/m.exec(text)?.[1]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.abort();
      await answer;
      expect(most).toBe(threads);
      expect(allowed).toEqual(new Set([maskOf(cpus)]));
    },
  );

  it("kill -9 of a worker under load, 10 times: loses nothing, not even what was in it, and is whole again each time", async () => {
    const pool = await created({ model: alphabet, workers: 2 });
    const wrong: unknown[] = [];
    let isOver = false;
    const client = async (_: unknown, index: number): Promise<void> => {
      while (!isOver) {
        try {
          const answer = await (index % 2 === 0 ? chat(pool) : stream(pool));
          if (answer !== ALPHABET) wrong.push(answer);
        } catch (error) {
          wrong.push(error);
        }
      }
    };
    const clients = Promise.all(Array.from({ length: 6 }, client));
    for (let round = 0; round < 10; round++) {
      await until(() => pool.stats().slots.busy === 2);
      const victim = pool.stats().workers[round % 2];
      const whole = workerEvent(pool, replacementOf(victim?.id ?? ""));
      process.kill(victim?.pid ?? 0, "SIGKILL");
      await whole;
      expect(processState(victim?.pid ?? 0)).toBeNull();
    }
    isOver = true;
    await clients;
    expect(wrong).toEqual([]);
    expect(pool.stats()).toMatchObject({ state: "ready", restarts: 10, queued: 0 });
  });

  it("a stream and a plain answer go on after a kill, with their usage right", async () => {
    const pool = await created({ model: endless, workers: 2, context: 65_536 });
    const request = { ...say("go on"), max_tokens: 3_000, stream_options: { include_usage: true } };
    const kill = (): void => {
      const victim = pool.stats().workers.find(({ inFlight }) => inFlight > 0);
      process.kill(victim?.pid ?? 0, "SIGKILL");
    };
    const undisturbed = await pool.chat(request);
    const text = undisturbed.choices[0]?.message.content ?? "";
    const { usage } = undisturbed;
    const figures = [usage?.prompt_tokens, usage?.completion_tokens];
    expect(text.slice(0, 30)).toBe(`${ALPHABET}abcd`);

    let told = "";
    let last: unknown[] = [];
    let kills = 0;
    for await (const chunk of pool.chatStream(request)) {
      told += chunk.choices[0]?.delta.content ?? "";
      if (chunk.usage) last = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
      if (kills < 2 && told.length > (kills + 1) * 100) {
        kills += 1;
        kill();
      }
    }
    expect([told, kills]).toEqual([text, 2]);
    expect(last).toEqual(figures);

    const continued = new Promise<number>((resolve) => pool.once("request", (event) => resolve(event.continued)));
    const answer = pool.chat(request);
    await computing(pool.stats().workers.find(({ inFlight }) => inFlight > 0)?.pid ?? 0);
    kill();
    const plain = await answer;
    expect(plain.choices[0]).toEqual(undisturbed.choices[0]);
    expect([plain.usage?.prompt_tokens, plain.usage?.completion_tokens]).toEqual(figures);
    expect(await continued).toBe(1);
  });

  it("a crash loop opens the breaker, and a later try that works closes it", async () => {
    const engine = chatglmEngine({ arithmetic: "safe" });
    const { supervisor } = supervise(engine, await engine.prepare(), {
      plan: { ...planOf(1, { path: alphabet, name: "alphabet" }), slots: 1, context: 512 },
    });
    const crash = ({ state, pid }: WorkerEvent): void => {
      if (state.name === "ready") process.kill(pid ?? 0, "SIGSEGV");
    };
    supervisor.on("worker", crash);
    try {
      const failed = once(supervisor, "failed");
      await supervisor.start().catch(() => {});
      expect((await failed)[0]).toMatchObject({ reason: "crashed" });
      supervisor.off("worker", crash);
      await once(supervisor, "recovered");
      expect(supervisor.snapshot()[0]?.state).toBe("ready");
    } finally {
      await supervisor.destroy();
    }
  });

  it("SIGSTOP, idle and busy: noticed, replaced, and right again", async () => {
    const options = { probeInterval: 50, probeTimeout: 400, stallTimeout: 1_000 };
    const pool = await created({ model: endless, workers: 1, context: 65_536, ...options });
    for (const isBusy of [false, true]) {
      const [victim] = pool.stats().workers;
      const client = new AbortController();
      const chunks = isBusy ? pool.chatStream(say("go on"), { signal: client.signal }) : null;
      await chunks?.next();
      const back = workerEvent(pool, replacementOf(victim?.id ?? ""));
      process.kill(victim?.pid ?? 0, "SIGSTOP");
      // What was in it goes on in the next one, and on.
      let pieces = 0;
      const rest = (async () => {
        for await (const _ of chunks ?? []) pieces += 1;
      })().catch(() => {});
      await back;
      const before = pieces;
      if (isBusy) await until(() => pieces > before);
      client.abort();
      await rest;
      expect(processState(victim?.pid ?? 0)).toBeNull();
      const again = await pool.chat({ ...say("go on"), max_tokens: 26 });
      expect(again.choices[0]?.message.content).toBe(ALPHABET);
    }
  });

  it("a model that is no model: fails at once, with why", async () => {
    await expect(created({ model: "/etc/hostname" })).rejects.toMatchObject({ code: "CORRAL_MODEL_BROKEN" });
    await expect(created({ model: "/nowhere/x.bin" })).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
  });

  it.each([true, false])("an abort frees the slot inside chatglm-server (streamed: %s)", async (isStreamed) => {
    const pool = await created({ model: endless, workers: 1, context: 65_536 });
    const client = new AbortController();
    const reason = new Error("gone");
    const answer = isStreamed
      ? stream(pool, { signal: client.signal })
      : pool.chat(say("go on"), { signal: client.signal });
    const ended = expect(answer).rejects.toBe(reason);
    await computing(pool.stats().workers[0]?.pid ?? 0);
    client.abort(reason);
    await ended;
    while ((await processing(pool)) > 0);
    expect(pool.stats()).toMatchObject({ aborted: 1, lost: 0 });
  });

  it("a drain lets running answers finish", async () => {
    const pool = await created({ model: endless, workers: 2, context: 65_536 });
    const answers = Promise.all([1, 2, 3].map(() => pool.chat({ ...say("go on"), max_tokens: 4_000 })));
    await until(() => pool.stats().slots.busy === 2);
    const pids = pool.stats().workers.map(({ pid }) => pid ?? 0);
    await pool.close();
    for (const { choices } of await answers) expect(choices[0]?.message.content).toHaveLength(4_000);
    expect(pids.map(processState)).toEqual([null, null]);
  });

  it("flags of the user's own, several slots and more context than there is are refused before anything starts", async () => {
    const refused = { code: "CORRAL_BAD_OPTION" };
    await expect(created({ model: alphabet, args: ["--temp", "1"] })).rejects.toMatchObject(refused);
    await expect(created({ model: alphabet, slots: 2 })).rejects.toMatchObject(refused);
    await expect(created({ model: alphabet, context: 1_000_000 })).rejects.toMatchObject(refused);
  });
});
