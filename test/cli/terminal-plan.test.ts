import { expect, test } from "vitest";
import { renderPlan } from "../../src/cli/plan.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";

const MIB = 1024 ** 2;

const plan: Plan = {
  ...samplePlan,
  workers: [
    { replica: 0, cpus: [0, 1, 2, 3], threads: 4, node: null },
    { replica: 1, cpus: [4, 5, 6, 7], threads: 4, node: null },
  ],
  promptCache: 300,
  memory: {
    file: 340 * MIB,
    unpacked: 0,
    repacked: 192 * MIB,
    kv: 96 * MIB,
    compute: 124 * MIB,
    promptCache: 300 * MIB,
    headroom: 205 * MIB,
    total: 1164 * MIB,
    peak: 1969 * MIB,
    budget: 4096 * MIB,
  },
  warnings: ["Memory is short: a request may use 2048 tokens instead of 8192."],
};

test("a plan is printed as a person would check it", () => {
  expect(renderPlan(plan, coloursFor({}))).toBe(
    `
a  /models/a.gguf

WORKER   THREADS  CPUS
0              4  0-3
1              4  4-7
gateway           shares those of the workers

engine        llama: it reads GGUF files
goal          balanced, 8 requests at once
slots         4 a worker, 8 in all
context       2048 tokens a request
prompt cache  300 MiB a worker
weights       repacked for this CPU in each worker

MEMORY, MiB            WORKER        ALL
model file, shared                   340
repacked weights          192  x 2   384
keys and values            96  x 2   192
compute (estimate)        124  x 2   248
total                               1164
prompt cache, at most     300  x 2   600
kept free                            205
peak, of 4 GiB                      1969

! Memory is short: a request may use 2048 tokens instead of 8192.`.trimStart(),
  );
});
