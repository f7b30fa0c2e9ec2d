import { formatBytes } from "../terminal/bytes.ts";
import { formatFigure } from "../terminal/figure.ts";
import type { BenchReport } from "./report.ts";

/** What was measured, where and with what: [what, words], for the terminal and the page. */
export function headline(report: BenchReport): readonly (readonly [string, string])[] {
  return [
    ["model", modelWords(report)],
    ["machine", machineWords(report)],
    ["plan", planWords(report)],
    ["load", loadWords(report)],
  ];
}

function modelWords({ model: { name, quantisation, parameters } }: BenchReport): string {
  const size =
    parameters >= 1e9 ? `${formatFigure(parameters / 1e9)} billion` : `${formatFigure(parameters / 1e6)} million`;
  return `${name}, ${quantisation}, ${size} weights`;
}

function machineWords({ machine }: BenchReport): string {
  const { cpuModel, cpus, cores, cpuQuota, memory } = machine;
  const quota = cpuQuota === null ? "" : `, limited to ${cpuQuota} CPUs`;
  return `${cpuModel}: ${count(cpus, "CPU")} of ${count(cores, "core")}${quota}, ${formatBytes(memory)}`;
}

function planWords({ plan: { engine, goal, workers, slots } }: BenchReport): string {
  const threads = workers[0]?.threads ?? 0;
  const each = workers.length === 1 ? "" : " each";
  const shape = `${count(workers.length, "worker")} of ${count(threads, "thread")} and ${count(slots, "slot")}${each}`;
  return `${shape}, made for ${goal}, engine ${engine.name}`;
}

function loadWords({ load: { name, shapes } }: BenchReport): string {
  const range = (values: readonly number[]): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? `${least}` : `${least} to ${most}`;
  };
  const prompts = range(shapes.map(({ prompt }) => prompt));
  const answers = range(shapes.map(({ answer }) => answer));
  return `${name}: prompts of ${prompts} tokens, answers of ${answers}, no prompt twice`;
}

/** What could not be answered, a sentence each. */
export function failureWords({ levels }: BenchReport): string[] {
  return levels.flatMap(({ concurrency, requests, failures }) =>
    failures.map(
      (failure) => `${failure.count} of ${requests} requests failed at ${concurrency} at once: ${failure.why}`,
    ),
  );
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
