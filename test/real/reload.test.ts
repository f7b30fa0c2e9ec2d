import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CorralProcess, compileCommand } from "../fixtures/serve-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "corral-reload-"));
const file = join(folder, "corral.yaml");
const SMALL = { source: "echo", workers: 1, slots: 2, context: 512, threads: 1 };
const running: CorralProcess[] = [];

beforeAll(compileCommand, 120_000);
afterEach(async () => {
  for (const corral of running.splice(0)) {
    corral.child.kill("SIGTERM");
    await corral.exit;
    expect(corral.workers()).toEqual([]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function served(models: object, front: object = {}): Promise<{ corral: CorralProcess; url: string }> {
  write(models, front);
  const corral = new CorralProcess(["serve", "--config", file, "--port", "0"]);
  running.push(corral);
  const url = await corral.url();
  await corral.said(/ready: /);
  return { corral, url };
}

function write(models: object, front: object = {}): void {
  writeFileSync(file, JSON.stringify({ ...front, models }, null, 2));
}

/** Sends SIGHUP, and resolves with what the log says of it. */
async function reloaded(corral: CorralProcess): Promise<string> {
  const from = corral.stderr.length;
  corral.child.kill("SIGHUP");
  for (;;) {
    const line = corral.stderr
      .slice(from)
      .split("\n")
      .find((text) => /"msg":"(not )?reloaded/.test(text));
    if (line !== undefined) return line;
    await new Promise((resolve) => corral.child.stderr?.once("data", resolve));
  }
}

async function ask(url: string, model: string, content: string, stream: boolean): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content }], stream }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  if (!stream) return JSON.parse(text).choices[0].message.content;
  const events = text.split("\n\n").filter((event) => event.startsWith("data: {"));
  return events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta?.content ?? "").join("");
}

async function modelsAt(url: string): Promise<string[]> {
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

/** Asks one model after the other without pause, until `end`, which tells how many were answered and what went wrong. */
function load(
  url: string,
  models: readonly string[],
  lanes: number,
): { end(): Promise<{ asked: number; failed: string[] }> } {
  let isOver = false;
  let asked = 0;
  const failed: string[] = [];
  const lane = async (number: number): Promise<void> => {
    for (let n = number; !isOver; n += 1) {
      const content = `request ${n} of lane ${number}`;
      try {
        const text = await ask(url, models[n % models.length] ?? "", content, n % 2 === 0);
        if (text !== content) failed.push(`"${text}" instead of "${content}"`);
      } catch (error) {
        failed.push(String(error));
      }
      asked += 1;
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return {
    async end() {
      isOver = true;
      await all;
      return { asked, failed };
    },
  };
}

/** What breaks a file, each in another way. */
const BROKEN = [
  "models: [",
  "models:\n  stays: { source: echo, slotz: 2 }\n",
  "models:\n  stays: { source: /nowhere/model.gguf }\n  changes: { source: echo }\n",
  "models:\n  stays: { source: echo, workers: -1 }\n",
  "listn: 8080\nmodels:\n  stays: { source: echo }\n",
];

describe("reload", () => {
  it("20 times under load adds, removes and changes models, refuses 5 broken files, and fails no request", async () => {
    const { corral, url } = await served({ stays: SMALL, changes: SMALL });
    const requests = load(url, ["stays", "changes"], 4);
    const before = corral.workers();
    let refused = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      const broken = turn % 4 === 3 ? BROKEN[Math.floor(turn / 4)] : undefined;
      if (broken === undefined) {
        const changes = { ...SMALL, slots: 1 + (turn % 2), ...(turn % 5 === 2 ? { stallTimeout: 30_000 + turn } : {}) };
        const comesAndGoes = turn % 2 === 0 ? { [`guest-${turn}`]: SMALL } : {};
        write({ stays: SMALL, changes, ...comesAndGoes });
        expect(await reloaded(corral)).toContain('"msg":"reloaded"');
        expect(await modelsAt(url)).toEqual(["stays", "changes", ...Object.keys(comesAndGoes)]);
      } else {
        writeFileSync(file, broken);
        const said = await modelsAt(url);
        expect(await reloaded(corral)).toContain("not reloaded");
        expect(await modelsAt(url)).toEqual(said);
        refused += 1;
      }
    }
    const { asked, failed } = await requests.end();
    expect(failed).toEqual([]);
    expect(refused).toBe(BROKEN.length);
    process.stdout.write(`20 reloads, ${refused} of them refused: ${asked} requests, ${failed.length} failed\n`);
    expect(before.filter((pid) => corral.workers().includes(pid)).length).toBeGreaterThan(0);
  }, 180_000);

  it("takes other keys and limits at once", async () => {
    const { corral, url } = await served({ one: SMALL });
    const status = async (key: string): Promise<number> =>
      (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await status("old")).toBe(200);
    write({ one: SMALL }, { apiKeys: ["new"], limits: { bodyLimit: 100 } });
    await reloaded(corral);
    expect([await status("old"), await status("new")]).toEqual([401, 200]);
    const large = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer new" },
      body: JSON.stringify({ messages: [{ role: "user", content: "x".repeat(200) }] }),
    });
    expect(large.status).toBe(413);
  }, 60_000);
});

describe("three models in the memory of two", () => {
  it("are loaded as they are asked for: no request fails, and no two switches come within the dwell time", async () => {
    const dwellTime = 1_000;
    const limits = { memory: await memoryForTwo(), dwellTime, roomTimeout: 60_000 };
    const { corral, url } = await served({ a: SMALL, b: SMALL, c: SMALL }, { limits });
    const requests = load(url, ["a", "b", "c"], 3);
    const switches = (): number => corral.stderr.split('"why":"room"').length - 1;
    const since = performance.now();
    while (switches() < 6) await new Promise((resolve) => corral.child.stderr?.once("data", resolve));
    const elapsed = performance.now() - since;
    const { asked, failed } = await requests.end();
    expect(failed).toEqual([]);
    expect(switches()).toBeLessThanOrEqual(elapsed / dwellTime + 1);
    process.stdout.write(
      `${asked} requests over three models, ${switches()} switches in ${Math.round(elapsed)} ms: ${failed.length} failed\n`,
    );
  }, 120_000);
});

/** Bytes in which two of these models fit, and three do not: prompt caches share a quarter of what is left. */
async function memoryForTwo(): Promise<number> {
  const plan = new CorralProcess(["plan", "echo", "--json", "--workers", "1", "--slots", "2", "--context", "512"]);
  await plan.exit;
  return 3 * JSON.parse(plan.stdout).memory.total + 128 * 1024 ** 2;
}
