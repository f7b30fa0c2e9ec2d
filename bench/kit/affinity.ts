import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** "0-2,5" -> [0, 1, 2, 5], as the kernel writes CPU lists. */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** CPUs this process may run on; none where the system does not say. */
export function allowedCpus(): number[] {
  if (process.platform !== "linux") return [];
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return parseCpuList(list ?? "");
}

/** Puts all threads of running processes on these CPUs. Does nothing for an empty list. */
export function pin(pids: readonly number[], cpus: readonly number[]): void {
  if (cpus.length === 0) return;
  for (const pid of pids) execFileSync("taskset", ["-a", "-c", "-p", cpus.join(","), String(pid)], { stdio: "ignore" });
}

/** Which CPUs measure what, so that the proxies never share one with the client or the worker. */
export interface Seats {
  readonly client: readonly number[];
  readonly worker: readonly number[];
  readonly front: readonly number[];
}

/** The front gets the last CPU, the client the first, the worker what is between, or the client's where nothing is. */
export function seatsOf(cpus: readonly number[]): Seats {
  if (cpus.length < 2) return { client: [], worker: [], front: [] };
  const between = cpus.slice(1, -1);
  return { client: cpus.slice(0, 1), worker: between.length > 0 ? between : cpus.slice(0, 1), front: cpus.slice(-1) };
}
