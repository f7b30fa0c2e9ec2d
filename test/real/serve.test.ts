import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kill } from "node:process";
import { execa } from "execa";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { CHAT, chat } from "../fixtures/raw-http.ts";
import { CorralProcess, compileCommand, isRunning, ROOT } from "../fixtures/serve-kit.ts";

beforeAll(compileCommand);

const running: CorralProcess[] = [];
function corral(args: readonly string[], env: NodeJS.ProcessEnv = {}): CorralProcess {
  const process = new CorralProcess(args, env);
  running.push(process);
  return process;
}
const serve = (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
  corral(["serve", "--port", "0", "--workers", "1", ...args], env);

afterEach(async () => {
  for (const process of running.splice(0)) {
    process.child.kill("SIGTERM");
    process.child.kill("SIGINT");
    await process.exit;
  }
});

const ask = (url: string, content: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  fetch(`${url}${CHAT}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: chat(content, more),
  });

/** 500 bytes without a run of them twice, which take the echo model a while to say. */
const LONG = Array.from({ length: 90 }, (_, index) => ((index * 7_919 + 104_729) % 99_991).toString(36)).join(" ");

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) kill(pid, signal);
}

function textOf(events: string): string {
  const lines = events.split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice(6)).choices?.[0]?.delta.content ?? "").join("");
}

describe("a server that starts", () => {
  test("listens first, is ready later, and what it prints works when pasted", async () => {
    const process = serve();
    const url = await process.url();
    expect(process.stdout).toBe(`corral listens on ${url}\n`);
    expect((await fetch(`${url}/livez`)).status).toBe(200);

    await process.said(/\n\n.*await[^\n]*\n/s);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(process.stdout).toContain("ready: echo (workers: 1");
    const [, curl = "", javascript = ""] = /# in a shell\n(.*?)\n\n\/\/[^\n]*\n(.*)/s.exec(process.stdout) ?? [];

    const pasted = await execa("bash", ["-c", curl]);
    expect(textOf(pasted.stdout)).toBe("The quick brown fox jumps over the lazy dog.");
    expect(pasted.stdout).toContain("data: [DONE]");

    const folder = join(ROOT, "node_modules", ".cache");
    mkdirSync(folder, { recursive: true });
    const script = join(mkdtempSync(join(folder, "corral-snippet-")), "snippet.mjs");
    writeFileSync(script, javascript);
    const { stdout } = await execa("node", [script]);
    rmSync(join(script, ".."), { recursive: true });
    expect(stdout).toBe("The quick brown fox jumps over the lazy dog.");
  });

  test("measures and logs: JSON on stderr, nothing but its lines on stdout", async () => {
    const process = serve(["--name", "mine"], { CORRAL_LOG_LEVEL: "info" });
    const url = await process.url();
    await process.said(/ready: mine/);
    const before = process.stdout;
    await ask(url, "the prompt");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('corral_requests_total{model="mine",outcome="answered"} 1');
    expect(metrics).toContain('corral_workers{model="mine",state="ready"} 1');
    process.child.kill("SIGTERM");
    await process.exit;
    const lines = process.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ msg: "request", path: CHAT, model: "mine", status: 200 }));
    expect(process.stderr).not.toContain("the prompt");
    expect(process.stdout).toBe(before);
  });

  test("takes several models and keys from a file", async () => {
    const dir = mkdtempSync(join(tmpdir(), "corral-serve-"));
    writeFileSync(join(dir, "keys"), "sesame\n");
    const config = { port: 0, apiKeyFile: "keys", models: { one: { workers: 1 }, two: { workers: 1, slots: 1 } } };
    writeFileSync(join(dir, "corral.json"), JSON.stringify(config));
    const process = corral(["serve", "--config", join(dir, "corral.json")]);
    const url = await process.url();
    await process.said(/ready: two/);
    const key = { authorization: "Bearer sesame" };
    expect((await ask(url, "hi", { model: "one" })).status).toBe(401);
    const answers = await Promise.all(["one", "two"].map((model) => ask(url, `for ${model}`, { model }, key)));
    const contents = await Promise.all(answers.map(async (answer) => (await answer.json()) as { choices: unknown }));
    expect(contents).toMatchObject([
      { model: "one", choices: [{ message: { content: "for one" } }] },
      { model: "two", choices: [{ message: { content: "for two" } }] },
    ]);
    expect(process.stdout).toContain("$CORRAL_API_KEY");
    expect(process.stdout).not.toContain("sesame");
    rmSync(dir, { recursive: true });
  });

  test("goes on when nobody reads its stdout", async () => {
    const process = serve();
    const url = await process.url();
    process.child.stdout?.destroy();
    const ready = async () => (await fetch(`${url}/readyz`)).status === 200;
    while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(url, "still here")).status).toBe(200);
    expect(process.child.exitCode).toBeNull();
  });
});

describe("a server that stops", () => {
  test("at SIGTERM finishes what runs, is not ready meanwhile, and exits 0 with its workers", async () => {
    const process = serve(["--drain-timeout", "100000"]);
    const url = await process.url();
    await process.said(/ready: echo/);
    const workers = process.workers();
    expect(workers).toHaveLength(1);
    const response = await ask(url, LONG, { stream: true });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let events = (await reader?.read())?.value ?? "";
    // Held, or the answer could be over, and the server gone, before anybody has looked at it.
    signalAll(workers, "SIGSTOP");
    process.child.kill("SIGTERM");
    const unready = async () => (await fetch(`${url}/readyz`)).status === 503;
    while (!(await unready())) await new Promise((resolve) => setImmediate(resolve));
    expect((await ask(url, "too late")).status).toBe(503);
    signalAll(workers, "SIGCONT");
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      events += part.value;
    }
    expect(textOf(events)).toBe(LONG);
    expect(events).toContain("data: [DONE]");
    expect(await process.exit).toEqual({ code: 0, signal: null });
    expect(workers.filter(isRunning)).toEqual([]);
  });

  test("at a second signal exits at once, not with 0, and leaves no worker", async () => {
    const process = serve();
    const url = await process.url();
    await process.said(/ready: echo/);
    const workers = process.workers();
    const stream = await ask(url, LONG, { stream: true });
    signalAll(workers, "SIGSTOP");
    process.child.kill("SIGINT");
    const unready = async () => (await fetch(`${url}/readyz`)).status === 503;
    while (!(await unready())) await new Promise((resolve) => setImmediate(resolve));
    process.child.kill("SIGINT");
    expect(await process.exit).toEqual({ code: 1, signal: null });
    await expect(stream.text()).rejects.toThrow();
    expect(workers.filter(isRunning)).toEqual([]);
  });

  test("before it is ready exits 0 and leaves nothing", async () => {
    const process = serve();
    await process.url();
    process.child.kill("SIGTERM");
    expect(await process.exit).toEqual({ code: 0, signal: null });
    expect(process.stdout).not.toContain("ready");
    expect(process.workers()).toEqual([]);
  });

  test("when idle needs no time for it", async () => {
    const process = serve(["--drain-timeout", "60000"]);
    const url = await process.url();
    await process.said(/ready: echo/);
    await ask(url, "a connection that is kept alive");
    process.child.kill("SIGTERM");
    expect(await process.exit).toEqual({ code: 0, signal: null });
  });
});

describe("a server that can't start", () => {
  test("for want of the model says so and exits 1, with nothing left behind", async () => {
    const process = serve(["/no/such/model.gguf"]);
    expect(await process.exit).toEqual({ code: 1, signal: null });
    expect(process.stderr).toMatch(/corral: \/no\/such\/model\.gguf does not exist.* \[CORRAL_MODEL_MISSING\]/);
    expect(process.stderr).not.toContain("    at ");
    expect(process.workers()).toEqual([]);
  });

  test("because the model is broken, too", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "corral-serve-")), "broken.gguf");
    writeFileSync(path, "<html>not found</html>");
    const process = serve([path]);
    expect(await process.exit).toEqual({ code: 1, signal: null });
    expect(process.stderr).toContain("[CORRAL_MODEL_BROKEN]");
    rmSync(join(path, ".."), { recursive: true });
  });

  test("because the port is taken says so before it has loaded anything", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const process = corral(["serve", "--port", `${port}`]);
    expect(await process.exit).toEqual({ code: 1, signal: null });
    expect(process.stderr).toMatch(new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use.*\\[CORRAL_PORT_TAKEN\\]`));
    expect(process.stderr).not.toContain("worker is ready");
    expect(process.stdout).toBe("");
    other.close();
  });

  test("for want of a compiler, and what was asked for is in the log", async () => {
    const dir = mkdtempSync(join(tmpdir(), "corral-serve-"));
    const process = serve(["--arithmetic", "fast"], { CORRAL_CACHE_DIR: join(dir, "cache"), PATH: dir });
    expect(await process.exit).toEqual({ code: 1, signal: null });
    expect(process.stderr).toContain("[CORRAL_TOOL_MISSING]");
    expect(process.stderr).toContain("fast arithmetic: ");
    rmSync(dir, { recursive: true });
  });
});

describe("wrong usage is told with what was meant, and exits 2", () => {
  test.each([
    [["srve"], /unknown command 'srve'\n\(Did you mean serve\?\)/],
    [["serve", "--prot", "1"], /unknown option '--prot'\n\(Did you mean --port\?\)/],
    [["serve", "--port", "many"], /flag "--port" is "many"\. It must be a number\. \[CORRAL_BAD_OPTION\]/],
    [["serve", "a.gguf", "b.gguf"], /too many arguments/],
    [["serve", "--config", "/no/such.yaml"], /\/no\/such\.yaml can't be read/],
    [[], /Usage: corral/],
  ])("%j", async (args, told) => {
    const process = corral(args);
    expect(await process.exit).toEqual({ code: 2, signal: null });
    expect(process.stderr).toMatch(told);
    expect(process.stdout).toBe("");
  });

  test.each([
    [["--version"], /^\d+\.\d+\.\d+\n$/],
    [["--help"], /serve .*build .*doctor .*plan .*model /s],
    [["serve", "--help"], /Examples:\n.*corral serve --config corral\.yaml/s],
  ])("%j is no mistake", async (args, told) => {
    const process = corral(args);
    expect(await process.exit).toEqual({ code: 0, signal: null });
    expect(process.stdout).toMatch(told);
  });

  test("CORRAL_DEBUG shows where it happened", async () => {
    const process = corral(["serve", "--port", "many"], { CORRAL_DEBUG: "1" });
    await process.exit;
    expect(process.stderr).toMatch(/CorralError: .*\n +at /);
  });
});
