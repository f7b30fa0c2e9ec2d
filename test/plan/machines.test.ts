import { expect, test } from "vitest";
import { formatCpuList } from "../../src/machine/cpulist.ts";
import type { ModelDescription } from "../../src/model/description.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { eightBillion, halfBillion } from "./models.ts";

/** A plan as a person would note it down: threads and CPUs of each worker, then what all share. */
async function planOn(name: string, model: ModelDescription, overrides: PlanOverrides): Promise<string[]> {
  const plan = makePlan(await knownMachine(name), model, llama, overrides);
  return [
    ...plan.workers.map(({ threads, cpus }) => `${threads} on ${formatCpuList(cpus)}`),
    `gateway ${formatCpuList(plan.gatewayCpus) || "shares"}`,
    `${plan.slots} x ${plan.context} tokens, ${plan.promptCache} MiB cache${plan.repack ? ", repacked" : ""}`,
    ...plan.warnings,
  ];
}

type Golden = readonly [machine: string, model: ModelDescription, overrides: PlanOverrides, plan: readonly string[]];

const GOLDEN: readonly Golden[] = [
  ["vps-2-cores", halfBillion, {}, ["1 on 0", "1 on 1", "gateway shares", "4 x 8192 tokens, 153 MiB cache, repacked"]],
  [
    "vps-2-cores",
    halfBillion,
    { workers: 1 },
    ["2 on 0-1", "gateway shares", "4 x 8192 tokens, 517 MiB cache, repacked"],
  ],
  [
    "server-2-sockets",
    eightBillion,
    {},
    [
      "8 on 1-8",
      "8 on 9-16",
      "8 on 17-24",
      "8 on 25-32",
      "8 on 33-40",
      "7 on 41-47",
      "8 on 48-55",
      "8 on 56-63",
      "8 on 64-71",
      "8 on 72-79",
      "8 on 80-87",
      "8 on 88-95",
      "gateway 0,96",
      "4 x 8192 tokens, 682 MiB cache, repacked",
    ],
  ],
  [
    "server-2-sockets",
    eightBillion,
    { workers: 1 },
    [
      "95 on 1-95",
      "gateway 0,96",
      "4 x 8192 tokens, 8192 MiB cache, repacked",
      "Worker 0 spans several sockets or NUMA nodes: threads far from the memory are slow. More workers are better here.",
    ],
  ],
  [
    "server-2-sockets",
    eightBillion,
    { workers: 4, threads: 24 },
    [
      "24 on 0-23",
      "24 on 24-47",
      "24 on 48-71",
      "24 on 72-95",
      "gateway shares",
      "4 x 8192 tokens, 2048 MiB cache, repacked",
    ],
  ],
  [
    "server-2-sockets",
    eightBillion,
    { workers: 3 },
    ["47 on 1-47", "24 on 48-71", "24 on 72-95", "gateway 0,96", "4 x 8192 tokens, 2730 MiB cache, repacked"],
  ],
  [
    "container-quota",
    halfBillion,
    {},
    [
      "1 on 0",
      "gateway shares",
      "4 x 8192 tokens, 1043 MiB cache, repacked",
      "The quota of 1.5 CPUs pays for 1 of 8 cores: where other containers pin theirs too, give each a cpuset of its own.",
    ],
  ],
  [
    "container-quota",
    halfBillion,
    { workers: 2 },
    [
      "1 on 0",
      "1 on 1",
      "gateway shares",
      "4 x 8192 tokens, 416 MiB cache, repacked",
      "2 threads run under a quota of 1.5 CPUs: they will be stopped for part of the time.",
    ],
  ],
  [
    "container-quota",
    eightBillion,
    {},
    [
      "1 on 0",
      "gateway shares",
      "1 x 1024 tokens, 68 MiB cache",
      "Memory is short: weights are not repacked for this CPU, so prompts are read more slowly.",
      "Memory is short: a request may use 1024 tokens instead of 8192.",
      "Memory is short: a worker serves 1 request at once instead of 4.",
      "The quota of 1.5 CPUs pays for 1 of 8 cores: where other containers pin theirs too, give each a cpuset of its own.",
    ],
  ],
  [
    "container-cgroup-v1",
    halfBillion,
    {},
    [
      "2 on 4-5",
      "1 on 6",
      "gateway shares",
      "4 x 8192 tokens, 708 MiB cache, repacked",
      "The quota of 3 CPUs pays for 3 of 4 cores: where other containers pin theirs too, give each a cpuset of its own.",
    ],
  ],
  [
    "container-cgroup-v1",
    eightBillion,
    {},
    [
      "2 on 4-5",
      "1 on 6",
      "gateway shares",
      "4 x 2048 tokens, 53 MiB cache",
      "Memory is short: weights are not repacked for this CPU, so prompts are read more slowly.",
      "Memory is short: a request may use 2048 tokens instead of 8192.",
      "The quota of 3 CPUs pays for 3 of 4 cores: where other containers pin theirs too, give each a cpuset of its own.",
    ],
  ],
  [
    "laptop-hybrid",
    halfBillion,
    {},
    ["3 on 0,2,4", "3 on 6,8,10", "gateway shares", "4 x 8192 tokens, 2666 MiB cache, repacked"],
  ],
  [
    "laptop-hybrid",
    halfBillion,
    { workers: 7, threads: 2 },
    [
      "2 on 0,2",
      "2 on 4,6",
      "2 on 8,10",
      "2 on 12-13",
      "2 on 14-15",
      "2 on 16-17",
      "2 on 18-19",
      "gateway shares",
      "4 x 8192 tokens, 612 MiB cache, repacked",
      "Only 6 of 14 cores are performance cores: workers on the others are slower.",
    ],
  ],
  [
    "laptop-hybrid",
    halfBillion,
    { workers: 20 },
    [
      "1 on 0",
      "1 on 2",
      "1 on 4",
      "1 on 6",
      "1 on 8",
      "1 on 10",
      "1 on 1",
      "1 on 3",
      "1 on 5",
      "1 on 7",
      "1 on 9",
      "1 on 11",
      "1 on 12",
      "1 on 13",
      "1 on 14",
      "1 on 15",
      "1 on 16",
      "1 on 17",
      "1 on 18",
      "1 on 19",
      "gateway shares",
      "4 x 8192 tokens, 78 MiB cache, repacked",
      "20 threads on 14 physical cores: SMT siblings share a core's arithmetic, so expect little or no gain over 14.",
    ],
  ],
  [
    "desktop-16-cores",
    eightBillion,
    {},
    ["7 on 1-7", "8 on 8-15", "gateway 0,16", "4 x 8192 tokens, 4096 MiB cache, repacked"],
  ],
  [
    "desktop-16-cores",
    eightBillion,
    { threads: 4 },
    ["4 on 1-4", "4 on 8-11", "4 on 12-15", "gateway 0,16", "4 x 8192 tokens, 2251 MiB cache, repacked"],
  ],
  [
    "desktop-16-cores",
    eightBillion,
    { workers: 2, threads: 16 },
    [
      "16 on 0-7,16-23",
      "16 on 8-15,24-31",
      "gateway shares",
      "4 x 8192 tokens, 4096 MiB cache, repacked",
      "32 threads on 16 physical cores: SMT siblings share a core's arithmetic, so expect little or no gain over 16.",
    ],
  ],
  ["limit-4-gib", halfBillion, {}, ["4 on 1-4", "3 on 5-7", "gateway 0", "4 x 8192 tokens, 226 MiB cache, repacked"]],
  [
    "board-aarch64",
    halfBillion,
    {},
    ["2 on 4-5", "2 on 6-7", "gateway shares", "4 x 8192 tokens, 599 MiB cache, repacked"],
  ],
  [
    "board-aarch64",
    eightBillion,
    {},
    [
      "2 on 4-5",
      "2 on 6-7",
      "gateway shares",
      "4 x 1024 tokens, 71 MiB cache",
      "Memory is short: weights are not repacked for this CPU, so prompts are read more slowly.",
      "Memory is short: a request may use 1024 tokens instead of 8192.",
    ],
  ],
];

test.each(GOLDEN)("%s (%#)", async (machine, model, overrides, plan) => {
  expect(await planOn(machine, model, overrides)).toEqual(plan);
});
