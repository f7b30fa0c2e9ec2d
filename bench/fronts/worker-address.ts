import { readFileSync } from "node:fs";
import { processTree } from "../kit/process-cpu.ts";
import type { WorkerAddress } from "./front.ts";

/** The worker that a corral process has started, read from its command line: rivals are put before the same one. */
export function workerOf(corralPid: number): WorkerAddress {
  const workers = workersOf(corralPid);
  const [worker, ...more] = workers;
  if (worker === undefined || more.length > 0) {
    throw new Error(`corral (pid ${corralPid}) has ${workers.length} workers on TCP; the benchmark wants one.`);
  }
  return worker;
}

/** All of them that are on TCP now, the lowest pid first. */
export function workersOf(corralPid: number): WorkerAddress[] {
  const pids = processTree(corralPid).sort((a, b) => a - b);
  return pids.flatMap((pid) => workerAddress(pid, commandLine(pid)) ?? []);
}

function workerAddress(pid: number, args: readonly string[]): WorkerAddress | null {
  const flag = (name: string) => {
    const at = args.indexOf(name);
    return at === -1 ? undefined : args[at + 1];
  };
  const [host, port, keyFile] = [flag("--host"), flag("--port"), flag("--api-key-file")];
  if (host === undefined || port === undefined || keyFile === undefined) return null;
  return { pid, host, port: Number(port), key: readFileSync(keyFile, "utf8").trim() };
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
