import { expect, test } from "vitest";
import { formatCpuList } from "../../src/machine/cpulist.ts";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides } from "../../src/plan/plan.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { halfBillion } from "./models.ts";

/** As a person would note it down: threads and CPUs of each worker, the gateway's, what there is to say. */
async function seatingOn(name: string, overrides: PlanOverrides): Promise<string[]> {
  const { workers, gatewayCpus, warnings } = makePlan(await knownMachine(name), halfBillion, llama, overrides);
  return [
    ...workers.map(({ threads, cpus }) => `${threads} on ${formatCpuList(cpus)}`),
    `gateway ${formatCpuList(gatewayCpus) || "shares"}`,
    ...warnings,
  ];
}

/** What is asked for by number. What a plan takes by itself is in golden/, explained. */
const SEATED: readonly (readonly [machine: string, overrides: PlanOverrides, seating: readonly string[]])[] = [
  ["vps-2-cores", { workers: 1 }, ["2 on 0-1", "gateway shares"]],
  [
    "server-2-sockets",
    { workers: 1 },
    [
      "95 on 1-95",
      "gateway 0,96",
      "Worker 0 spans several sockets or NUMA nodes: threads far from the memory are slow. More workers are better here.",
    ],
  ],
  [
    "server-2-sockets",
    { workers: 4, threads: 24 },
    ["24 on 0-23", "24 on 24-47", "24 on 48-71", "24 on 72-95", "gateway shares"],
  ],
  ["server-2-sockets", { workers: 3 }, ["47 on 1-47", "24 on 48-71", "24 on 72-95", "gateway 0,96"]],
  [
    "container-quota",
    { workers: 2 },
    [
      "1 on 0",
      "1 on 1",
      "gateway shares",
      "2 threads run under a quota of 1.5 CPUs: they will be stopped for part of the time.",
    ],
  ],
  [
    "laptop-hybrid",
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
      "Only 6 of 14 cores are performance cores: workers on the others are slower.",
    ],
  ],
  [
    "laptop-hybrid",
    { workers: 20 },
    [
      ...[0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11].map((cpu) => `1 on ${cpu}`),
      ...[12, 13, 14, 15, 16, 17, 18, 19].map((cpu) => `1 on ${cpu}`),
      "gateway shares",
      "20 threads on 14 physical cores: SMT siblings share a core's arithmetic, so expect little or no gain over 14.",
    ],
  ],
  ["desktop-16-cores", { threads: 4 }, ["4 on 1-4", "4 on 8-11", "4 on 12-15", "gateway 0,16"]],
  [
    "desktop-16-cores",
    { workers: 2, threads: 16 },
    [
      "16 on 0-7,16-23",
      "16 on 8-15,24-31",
      "gateway shares",
      "32 threads on 16 physical cores: SMT siblings share a core's arithmetic, so expect little or no gain over 16.",
    ],
  ],
];

test.each(SEATED)("%s, %j", async (machine, overrides, seating) => {
  expect(await seatingOn(machine, overrides)).toEqual(seating);
});
