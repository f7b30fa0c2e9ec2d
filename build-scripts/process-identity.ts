import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One process, told apart from a later one that has the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in clock ticks since boot (field 22 of /proc/PID/stat); null where there is no /proc. */
  readonly started: string | null;
  /** For people. */
  readonly host: string;
  /** Where its pid means something: this boot of this kernel and this PID namespace; the host's name elsewhere. */
  readonly space: string;
}

const space = readOrNull(
  () => `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`,
);

export const self: ProcessIdentity = {
  pid: process.pid,
  started: statOf(process.pid)?.started ?? null,
  host: hostname(),
  space: space ?? hostname(),
};

/** Null: it is somewhere else, and nothing can be said from here. A zombie is not alive. */
export function isAlive({ pid, started, space }: ProcessIdentity): boolean | null {
  if (space !== self.space) return null;
  if (self.started === null) return answersSignals(pid);
  const found = statOf(pid);
  return found !== null && found.started === started && found.state !== "Z" && found.state !== "X";
}

function statOf(pid: number): { state: string; started: string } | null {
  const text = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (text === null) return null;
  // The second field is the program's name in brackets and may hold anything, brackets and spaces too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", started: fields[19] ?? "" };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
