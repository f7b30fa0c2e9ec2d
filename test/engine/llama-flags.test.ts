import { expect, test } from "vitest";
import type { WorkerStart } from "../../src/engine/engine.ts";
import { llamaCommandLine } from "../../src/engine/llama-flags.ts";
import { ownedFlags, refuseOwnedFlags } from "../../src/engine/owned-flags.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";

const program = { path: "/b/llama-server", version: "v", warnings: [] };
const plan: Plan = {
  ...samplePlan,
  model: { path: "/m/qwen.gguf", name: "qwen, the first", purpose: "text" },
  context: 8192,
  promptCache: 512,
};
const start: WorkerStart = {
  plan,
  worker: { replica: 0, cpus: [2, 3], threads: 2, node: null },
  endpoint: { kind: "unix", socketPath: "/run/c/worker.sock", key: "secret" },
  keyFile: "/run/c/key",
  promptDir: null,
  noRepack: false,
  extraArgs: [],
};
const argsOf = (changes: Partial<WorkerStart> = {}): readonly string[] =>
  llamaCommandLine(program, { ...start, ...changes }).args;

test("the whole command line", () => {
  expect(llamaCommandLine(program, start)).toEqual({
    program: "/b/llama-server",
    args: [
      ...["-m", "/m/qwen.gguf", "--alias", "qwen_ the first", "--host", "/run/c/worker.sock"],
      ...["--api-key-file", "/run/c/key", "-t", "2", "-tb", "2", "-np", "4", "-c", "32768", "-b", "128", "-ub", "128"],
      ...["--cache-ram", "512", "-fit", "off", "--offline", "--no-ui", "--no-slots", "--metrics"],
      ...["--cors-origins", "localhost", "--threads-http", "8", "-to", "300", "--sse-ping-interval", "-1"],
      ...["--log-colors", "off"],
    ],
    env: { GGML_NO_BACKTRACE: "1", OMP_PROC_BIND: "true" },
  });
});

test("the key is never in the arguments", () => {
  expect(argsOf().join(" ")).not.toContain("secret");
});

test("a port instead of a socket", () => {
  const args = argsOf({ endpoint: { kind: "tcp", host: "127.0.0.1", port: 4711, key: "secret" } });
  expect(args.join(" ")).toContain("--host 127.0.0.1 --port 4711");
});

test("no repacking where the plan or a death says so", () => {
  expect(argsOf()).not.toContain("--no-repack");
  expect(argsOf({ noRepack: true })).toContain("--no-repack");
  expect(argsOf({ plan: { ...plan, repack: false } })).toContain("--no-repack");
});

test("a model that only embeds takes a whole text in one batch", () => {
  const args = argsOf({ plan: { ...plan, context: 512, model: { ...plan.model, purpose: "embedding" } } }).join(" ");
  expect(args).toContain("-c 2048 -b 512 -ub 512");
  expect(args).toContain("--embeddings");
});

test("settings of the plan", () => {
  const settings = {
    batch: 512,
    flashAttention: "off",
    spin: "passive",
    speculation: "ngram",
    sharedCache: true,
    hugePages: true,
    mapWeights: false,
  } as const;
  const { args, env } = llamaCommandLine(program, { ...start, plan: { ...plan, settings } });
  expect(args.join(" ")).toMatch(
    /--kv-unified --kv-unified-per-slot 8192 -b 512 -ub 512 -fa off .* --load-mode none .*--spec-type ngram-simple /,
  );
  expect(env).toMatchObject({ OMP_WAIT_POLICY: "passive", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
});

test("keys and values in q8_0 come with flash attention, which alone reads them", () => {
  const settings = { ...plan.settings, flashAttention: "off" } as const;
  const args = argsOf({ plan: { ...plan, keyValueType: "q8_0", settings } }).join(" ");
  expect(args).toContain("-ctk q8_0 -ctv q8_0 -fa on");
  expect(args).not.toContain("-fa off");
});

test("the user's own flags come last", () => {
  expect(argsOf({ extraArgs: ["-fa", "on", "-b", "64"] }).slice(-4)).toEqual(["-fa", "on", "-b", "64"]);
});

test.each([
  "--threads",
  "-t",
  "--threads=8",
  "--api-key=x",
  "--api_key",
  "--tools",
  "-ag",
  "--host",
  "-hf",
  "--no-repack",
])("%s is refused", (flag) => {
  expect(() => refuseOwnedFlags(["-fa", "on", flag, "x"])).toThrow(
    expect.objectContaining({ code: "CORRAL_BAD_OPTION", facts: { option: "args", flag: canonical(flag) } }),
  );
});

const canonical = (flag: string): string => flag.split("=")[0]!.replace("_", "-");

test("a refusal names what to use instead", () => {
  expect(() => refuseOwnedFlags(["-np", "8"])).toThrow(/-np .*`slots`/);
  expect(() => refuseOwnedFlags(["--parallel=8"])).toThrow(/`slots`/);
});

test("values that look like words are no flags", () => {
  const args = ["--chat-template", "threads", "--temp", "-1", "-lv", "4"];
  expect(() => refuseOwnedFlags(args)).not.toThrow();
});

test("all that corral sets for a worker is refused from users, but what is only tuned", () => {
  const tuned = new Set(["-b", "-ub", "-fit", "-to", "--threads-http", "--log-colors", "--embeddings"]);
  const set = argsOf({ plan: { ...plan, model: { ...plan.model, purpose: "embedding" }, repack: false } }).filter(
    (word) => /^--?[a-z]/.test(word),
  );
  expect(set.filter((flag) => !ownedFlags.includes(flag) && !tuned.has(flag))).toEqual([]);
});

test("threads of a worker with several CPUs keep to one each", () => {
  const envOf = (cpus: readonly number[]) =>
    llamaCommandLine(program, { ...start, worker: { ...start.worker, cpus, threads: Math.max(1, cpus.length) } }).env;
  expect(envOf([0, 1])).toMatchObject({ OMP_PROC_BIND: "true" });
  expect(envOf([0])).not.toHaveProperty("OMP_PROC_BIND");
  expect(envOf([])).not.toHaveProperty("OMP_PROC_BIND");
});
