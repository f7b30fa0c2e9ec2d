import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CorralProcess, compileCommand } from "../fixtures/serve-kit.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

beforeAll(compileCommand);
afterAll(removeDirs);

const running: CorralProcess[] = [];
function bench(args: readonly string[]): CorralProcess {
  const process = new CorralProcess(["bench", "echo", "--workers", "1", "--slots", "2", ...args]);
  running.push(process);
  return process;
}

afterEach(async () => {
  for (const process of running.splice(0)) {
    process.child.kill("SIGKILL");
    await process.exit;
  }
});

/** Resolves when stderr has said it. */
async function complained(process: CorralProcess, words: string): Promise<void> {
  while (!process.stderr.includes(words)) {
    await Promise.race([once(process.child.stderr ?? process.child, "data"), process.exit.then(throwEnded(process))]);
  }
}

const throwEnded = (process: CorralProcess) => (): never => {
  throw new Error(`it ended: ${process.stdout}${process.stderr}`);
};

describe("corral bench", () => {
  test("prints its figures as JSON and writes a page", async () => {
    const dir = newDir();
    const html = join(dir, "bench.html");
    const process = bench(["--concurrency", "1,2", "--requests", "4", "--prompt", "40", "--json", "--html", html]);
    expect(await process.exit).toEqual({ code: 0, signal: null });
    const report = JSON.parse(process.stdout);
    expect(report).toMatchObject({
      model: { name: "echo", architecture: "llama" },
      plan: { slots: 2, engine: { name: "llama" }, workers: [{ replica: 0 }] },
      load: { name: "chat" },
      isPartial: false,
    });
    expect(report.levels).toMatchObject([
      { concurrency: 1, requests: 4, failed: 0, failures: [] },
      { concurrency: 2, requests: 4, failed: 0, failures: [] },
    ]);
    for (const { throughput, firstToken, perToken, seconds, figures } of report.levels) {
      for (const figure of [seconds, firstToken.p50, perToken.p50, ...Object.values({ ...throughput, ...figures })]) {
        expect(figure).toBeGreaterThan(0);
      }
      expect(firstToken.p99).toBeGreaterThanOrEqual(firstToken.p50);
    }
    expect(process.stderr).toMatch(/1 at once: 4 requests in .*\n2 at once: 4 requests in/);
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(readdirSync(dir)).toEqual(["bench.html"]);
  });

  test("ends at SIGINT with the levels that it has measured, and leaves no worker", async () => {
    // The second level has as many requests as askers, which is far more than it can have answered by then.
    const process = bench(["--concurrency", "1,200", "--requests", "2", "--prompt", "60", "--answer", "20", "--json"]);
    await complained(process, "1 at once: 2 requests");
    const workers = process.workers();
    expect(workers).toHaveLength(1);
    process.child.kill("SIGINT");
    expect(await process.exit).toEqual({ code: 130, signal: null });
    const report = JSON.parse(process.stdout);
    expect(report).toMatchObject({ isPartial: true, levels: [{ concurrency: 1, requests: 2, failed: 0 }] });
    expect(workers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  test("says what is wrong with what it was asked for", async () => {
    const tooLong = bench(["--prompt", "5000", "--answer", "5", "--context", "1024"]);
    expect(await tooLong.exit).toEqual({ code: 2, signal: null });
    expect(tooLong.stderr).toContain("give --context 5005");
    for (const [args, words] of [
      [["--concurrency", "1,x"], "whole number"],
      [["--html", "/nowhere/bench.html"], "cannot write /nowhere/bench.html"],
      [["--shape", "round"], "Allowed choices are chat, long"],
      [["--goal", "speed"], '"latency" or "balanced" or "throughput"'],
    ] as const) {
      const refused = bench(args);
      expect((await refused.exit).code).toBe(words.startsWith("cannot") ? 1 : 2);
      expect(refused.stderr).toContain(words);
    }
  });
});
