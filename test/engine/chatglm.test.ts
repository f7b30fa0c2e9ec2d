import { describe, expect, test } from "vitest";
import { chatglmEndings } from "../../src/engine/chatglm-endings.ts";
import { chatglmCommandLine, refuseArgs } from "../../src/engine/chatglm-flags.ts";
import { chatglmTraits } from "../../src/engine/chatglm-memory.ts";
import { classifyEnding } from "../../src/engine/ending.ts";
import type { Program, WorkerStart } from "../../src/engine/engine.ts";
import type { ModelDescription } from "../../src/model/description.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import { knownMachine } from "../plan/known-machine.ts";
import { halfBillion } from "../plan/models.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The shapes of ChatGLM-6B and ChatGLM3-6B, as their files' headers give them. */
const first: ModelDescription = {
  ...halfBillion,
  path: "/models/chatglm-6b.bin",
  name: "chatglm-6b",
  format: "chatglm",
  architecture: "chatglm",
  contextLength: 2048,
  layers: 28,
  embeddingLength: 4096,
  heads: 32,
  kvHeads: 32,
  headDim: 128,
  vocabulary: 130_528,
  files: [{ path: "/models/chatglm-6b.bin", bytes: 3300 * MIB }],
  tensorBytes: { Q4_0: 3290 * MIB, F32: 1 * MIB },
};
const third: ModelDescription = {
  ...first,
  architecture: "chatglm3",
  kvHeads: 2,
  contextLength: 8192,
  vocabulary: 65_024,
};

const choice = { name: "chatglm", why: "a test", traits: chatglmTraits };
const planOn = async (model: ModelDescription, overrides: PlanOverrides = {}) =>
  makePlan(await knownMachine("desktop-16-cores"), model, choice, overrides);

describe("a plan for chatglm-server", () => {
  test("one request a worker, no repacked weights, no prompt cache", async () => {
    const plan = await planOn(third);
    expect(plan).toMatchObject({ slots: 1, context: 8192, promptCache: 0, repack: false });
    expect(plan.memory).toMatchObject({ repacked: 0, promptCache: 0, kv: 8192 * 28 * 1024 });
  });

  test("a prompt in one piece takes memory by the square of the context", async () => {
    const compute = async (model: ModelDescription, context: number) =>
      (await planOn(model, { context })).memory.compute;
    expect((await compute(first, 2048)) - (await compute(first, 1024))).toBeGreaterThan(0.7 * GIB);
    expect((await compute(third, 2048)) - (await compute(third, 1024))).toBeLessThan(32 * MIB);
    expect((await planOn(first)).memory.kv).toBe(2048 * 448 * 1024);
  });

  test("what it cannot do is refused", async () => {
    const refused = { code: "CORRAL_BAD_OPTION" };
    await expect(planOn(third, { slots: 2 })).rejects.toMatchObject({ ...refused, message: /add workers/ });
    await expect(planOn(first, { context: 4096 })).rejects.toMatchObject({ ...refused, message: /2048/ });
    await expect(planOn(third, { promptCache: MIB })).rejects.toMatchObject({
      ...refused,
      message: /keeps no prompts/,
    });
    const copied = planOn(third, { settings: { mapWeights: false } });
    await expect(copied).rejects.toMatchObject({ ...refused, message: /always maps/ });
  });
});

describe("its command line", () => {
  const program: Program = { path: "/opt/chatglm-server", version: "1", warnings: [] };
  const start = async (overrides: Partial<WorkerStart> = {}): Promise<WorkerStart> => ({
    plan: await planOn(third, { workers: 1, threads: 4, context: 4096 }),
    worker: { replica: 0, cpus: [0, 1, 2, 3], threads: 4, node: null },
    endpoint: { kind: "unix", socketPath: "/run/w.sock", key: "secret" },
    keyFile: "/run/w.key",
    promptDir: null,
    noRepack: false,
    extraArgs: [],
    ...overrides,
  });

  test("on a Unix socket", async () => {
    const { args, env } = chatglmCommandLine(program, await start());
    expect(args.join(" ")).toBe(
      "-m /models/chatglm-6b.bin --alias chatglm-6b --host /run/w.sock --api-key-file /run/w.key -t 4 -c 4096 --queue 4 --metrics",
    );
    expect(env).toEqual({});
    expect(args.join()).not.toContain("secret");
  });

  test("on loopback", async () => {
    const endpoint = { kind: "tcp", host: "127.0.0.1", port: 4000, key: "secret" } as const;
    expect(chatglmCommandLine(program, await start({ endpoint })).args.join(" ")).toContain(
      "--host 127.0.0.1 --port 4000",
    );
  });

  test("flags of the user's own are refused", () => {
    expect(() => refuseArgs([])).not.toThrow();
    expect(() => refuseArgs(["--temp", "1"])).toThrow(expect.objectContaining({ code: "CORRAL_BAD_OPTION" }));
  });
});

test.each([
  ["error: out of memory", "out-of-memory"],
  ["error: couldn't bind 127.0.0.1:80: Permission denied", "port-taken"],
  ["error: invalid argument: --frobnicate", "bad-flag"],
  ["error: cannot open /m/x.bin: No such file or directory", "model-missing"],
  ["loading\nerror: broken model file /m/x.bin: its tokenizer", "model-broken"],
  ["nothing known", "exited"],
])("%s: %s", (text, reason) => {
  const ending = { exitCode: 1, signal: null, outOfMemory: false, tail: text.split("\n") };
  expect(classifyEnding(ending, chatglmEndings)).toBe(reason);
});
