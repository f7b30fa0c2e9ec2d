import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { type Gathered, gather } from "../../src/service/gather.ts";
import type { RunAs } from "../../src/service/unit/facts.ts";

let dir = "";
let main = "";
const cache = process.env.CORRAL_CACHE_DIR;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "corral-gather-"));
  process.env.CORRAL_CACHE_DIR = join(dir, "cache");
  main = join(dir, "corral", "dist", "src", "cli", "main.js");
  mkdirSync(join(main, ".."), { recursive: true });
  writeFileSync(main, "");
  for (const folder of [dir, join(dir, "corral")]) chmodSync(folder, 0o755);
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  if (cache === undefined) delete process.env.CORRAL_CACHE_DIR;
  else process.env.CORRAL_CACHE_DIR = cache;
});

async function gathered(text: string, run: RunAs = { kind: "dynamic" }): Promise<Gathered> {
  const file = join(dir, "corral.yaml");
  writeFileSync(file, text);
  return await gather({ name: "corral", run, main, file, config: await loadConfig({ file, env: {} }) });
}

const TWO = `
listen: [0.0.0.0:80, "unix:/run/llm.sock"]
models:
  one: { source: echo, workers: 1, context: 512, drainTimeout: 7000, killTimeout: 1000 }
  two: { source: echo, workers: 1, context: 512 }
`;

test("what the units need is in the configuration and its plans", async () => {
  const { facts, hurdles } = await gathered(`limits: { drainTimeout: 20000 }\n${TWO}`);
  expect(facts).toMatchObject({
    sockets: ["0.0.0.0:80", "/run/llm.sock"],
    engines: ["llama"],
    // The gateway's, then the longest of the pools': its own and its workers' end.
    drain: 20_000 + 30_000 + 5_000,
    apiKeyFile: null,
    shown: expect.arrayContaining([join(dir, "corral"), dir]),
  });
  expect(hurdles.filter((sentence) => sentence.includes(dir))).toEqual([]);
});

test("memory is what all models may hold, or what they are to share", async () => {
  const two = await gathered(TWO);
  const one = await gathered("models: { one: { source: echo, workers: 1, context: 512 } }");
  const shared = await gathered(`limits: { memory: 300MiB }\n${TWO}`);
  expect(two.facts.memory).toBeGreaterThan(one.facts.memory ?? Number.POSITIVE_INFINITY);
  expect(shared.facts.memory).toBe(300 * 1024 ** 2);
});

test("a model that only its owner reads is told of; in the owner's own systemd it is none's business", async () => {
  const model = join(dir, "mine.gguf");
  writeFileSync(model, "no model");
  chmodSync(model, 0o600);
  const text = `models: { mine: { source: ${model} } }`;
  const { facts, hurdles } = await gathered(text);
  expect(hurdles).toContainEqual(expect.stringContaining(`chmod o+r ${model}`));
  // It can't be planned either.
  expect(facts).toMatchObject({ memory: null, engines: ["llama"] });
  expect(await gathered(text, { kind: "session" })).toMatchObject({ hurdles: [], facts: { shown: [] } });
});

test("a user who is not there is told of", async () => {
  await expect(gathered(TWO, { kind: "user", user: "no-such-user" })).rejects.toMatchObject({
    code: "CORRAL_BAD_OPTION",
    message: expect.stringContaining("no-such-user"),
  });
});
