import type { Cpu, Machine } from "../machine/machine.ts";
import type { Decision } from "./decision.ts";
import { counted } from "./in-words.ts";
import type { Reason } from "./plan.ts";

/** Which CPUs are used, and why the others are not. */
export function coresReason({ machine, seating, sets, overrides }: Decision): Reason {
  const used = new Set(sets.flat().map(({ cpu }) => cpu));
  const usedCores = new Set(machine.cpus.filter(({ id }) => used.has(id)).map(({ core }) => core));
  const idle = machine.cpus.filter(({ id }) => !used.has(id) && !seating.gatewayCpus.includes(id));
  const isForced = overrides.workers !== undefined || overrides.threads !== undefined;
  return {
    about: "cores",
    choice: `${used.size} of ${counted(machine.cpus.length, "CPU")}`,
    because: `${threadsWhere(machine, used, usedCores)}; ${gatewayWhere(seating.gatewayCpus, isForced)}`,
    rejected: leftOut(machine, idle, usedCores, isForced),
  };
}

function threadsWhere({ cpus }: Machine, used: ReadonlySet<number>, usedCores: ReadonlySet<string>): string {
  if (used.size > usedCores.size)
    return `${counted(used.size, "thread")} on ${counted(usedCores.size, "physical core")}`;
  const kinds = new Set(cpus.map(({ kind }) => kind));
  return `one thread on each ${kinds.size > 1 ? "performance" : "physical"} core`;
}

function gatewayWhere(cpus: readonly number[], isForced: boolean): string {
  if (cpus.length > 0) return "the first is left to the gateway, which must answer while workers compute";
  return isForced ? "the gateway shares them" : "the gateway shares them: of so few, one of its own is too dear";
}

function leftOut(
  { cpus, cpuQuota }: Machine,
  idle: readonly Cpu[],
  usedCores: ReadonlySet<string>,
  isForced: boolean,
): string[] {
  const hasFast = cpus.some(({ kind }) => kind === "performance");
  const siblings = idle.filter(({ core }) => usedCores.has(core));
  const others = idle.filter(({ core }) => !usedCores.has(core));
  const slow = others.filter(({ kind }) => hasFast && kind === "efficiency");
  const unpaid = others.filter((cpu) => !slow.includes(cpu));
  const whyUnpaid = isForced
    ? "not needed for what was asked for"
    : `the quota of ${cpuQuota} CPUs does not pay for more, and a group over its quota is stopped altogether`;
  return [
    ...(siblings.length > 0
      ? [`${counted(siblings.length, "SMT sibling")}: the second thread of a core only waits for its arithmetic`]
      : []),
    ...(slow.length > 0 ? [`${counted(slow.length, "efficiency core")}: a worker waits for its slowest thread`] : []),
    ...(unpaid.length > 0 ? [`${counted(unpaid.length, "more CPU")}: ${whyUnpaid}`] : []),
  ];
}
