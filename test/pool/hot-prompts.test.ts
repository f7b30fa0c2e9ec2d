import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PromptStore } from "../../src/engine/engine.ts";
import { HotPrompts } from "../../src/pool/hot-prompts.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";

const bodyOf = (name: string, question = "?") => ({
  messages: [
    { role: "system", content: `${name} `.repeat(200) },
    { role: "user", content: question },
  ],
});
const upstreamOf = (id: string) =>
  new LiveUpstream({ id, slots: 2, endpoint: { kind: "unix", socketPath: `/${id}`, key: "" } });

let dir: string;
let calls: string[];
let serving: LiveUpstream[];
let tokens: number;
let fails: boolean;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corral-hot-"));
  calls = [];
  serving = [];
  tokens = 500;
  fails = false;
});

afterEach(() => rm(dir, { recursive: true }));

const store: PromptStore = {
  async save(ask, { messages }, file) {
    await ask("save", messages);
    await writeFile(join(dir, file), "state");
    return { tokens, bytes: 5 };
  },
  async restore(ask, file) {
    await ask("restore", file);
  },
};

function hotPrompts(most = 2): HotPrompts {
  return new HotPrompts({
    store,
    dir,
    most,
    asking:
      ({ id }) =>
      (path) => {
        calls.push(`${path} ${id}`);
        return fails ? Promise.reject(new Error("no")) : Promise.resolve({});
      },
    serving: () => serving,
    holds: ({ id }) => calls.push(`${id} holds`),
  });
}

async function ask(hot: HotPrompts, name: string, upstream: LiveUpstream, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await hot.answered(bodyOf(name, `question ${n}`), upstream);
}

test("the third chat with a head makes it hot: saved by whoever answered it, given to the others, and once only", async () => {
  const [a, b] = [upstreamOf("a"), upstreamOf("b")];
  serving = [a, b];
  const hot = hotPrompts();
  await ask(hot, "one", a, 2);
  expect(calls).toEqual([]);
  await ask(hot, "one", a, 3);
  expect(calls).toEqual(["save a", "restore b", "b holds"]);
  expect(hot.size).toBe(1);
  expect([a.inFlight, b.inFlight]).toEqual([0, 0]);
});

test("a worker that starts later gets all that is kept, and no busy one is disturbed", async () => {
  const [a, busy, late] = [upstreamOf("a"), upstreamOf("busy"), upstreamOf("late")];
  busy.lease();
  serving = [a, busy];
  const hot = hotPrompts();
  await ask(hot, "one", a, 3);
  await ask(hot, "two", a, 3);
  expect(calls).toEqual(["save a", "save a"]);
  await hot.warm(late);
  expect(calls.slice(2)).toEqual(["restore late", "late holds", "restore late", "late holds"]);
});

test("of too many, the one that was asked for longest ago goes, its file too", async () => {
  const a = upstreamOf("a");
  const hot = hotPrompts(2);
  for (const name of ["one", "two"]) await ask(hot, name, a, 3);
  await ask(hot, "one", a, 1);
  await ask(hot, "three", a, 3);
  expect(hot.size).toBe(2);
  expect(await readdir(dir)).toHaveLength(2);
  calls = [];
  await ask(hot, "one", a, 3);
  expect(calls).toEqual([]);
  await ask(hot, "two", a, 3);
  expect(calls).toEqual(["save a"]);
});

test("what turns out to be short is neither kept nor asked for again", async () => {
  tokens = 20;
  const hot = hotPrompts();
  await ask(hot, "one", upstreamOf("a"), 9);
  expect(calls).toEqual(["save a"]);
  expect(await readdir(dir)).toEqual([]);
});

test("a worker without a free slot is not asked", async () => {
  const full = upstreamOf("full");
  full.lease();
  full.lease();
  await ask(hotPrompts(), "one", full, 5);
  expect(calls).toEqual([]);
});

test("where saving fails again and again it is given up", async () => {
  fails = true;
  const hot = hotPrompts();
  const a = upstreamOf("a");
  for (const name of ["one", "two", "three", "four", "five"]) await ask(hot, name, a, 3);
  expect(calls).toHaveLength(3);
  expect(a.inFlight).toBe(0);
});
