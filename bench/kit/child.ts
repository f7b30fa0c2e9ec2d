import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";

export interface Child {
  readonly pid: number;
  /** The first match of `pattern` in a line the process has written or will write. Rejects when it ends first. */
  line(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  /** SIGTERM, and SIGKILL after 10 s. Resolves when it is gone; at once when it is already. */
  end(): Promise<void>;
}

const TAIL = 40;

/**
 * Starts a program, drains what it writes, and keeps the last lines for error messages.
 *
 * @param logFile takes what it writes to stderr, unread, so that a log costs the benchmark nothing
 */
export async function startChild(
  program: string,
  args: readonly string[],
  { env = {}, logFile }: { env?: Readonly<Record<string, string>>; logFile?: string } = {},
): Promise<Child> {
  const stderr = logFile === undefined ? "pipe" : openSync(logFile, "a");
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", stderr] });
  if (typeof stderr === "number") closeSync(stderr);
  const lines = readLines(child);
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} has no pid`);
  return { pid, line: (pattern, limitMs = 120_000) => lineOf(child, lines, pattern, limitMs), end: () => end(child) };
}

interface Lines {
  readonly tail: string[];
  readonly listeners: Set<(line: string) => void>;
}

function readLines(child: ChildProcess): Lines {
  const lines: Lines = { tail: [], listeners: new Set() };
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on("line", (line) => {
      lines.tail.push(line);
      if (lines.tail.length > TAIL) lines.tail.shift();
      for (const listener of lines.listeners) listener(line);
    });
  }
  return lines;
}

function lineOf(child: ChildProcess, lines: Lines, pattern: RegExp, limitMs: number): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      lines.listeners.delete(look);
      child.off("close", onClose);
      clearTimeout(timer);
      act();
    };
    const look = (line: string) => {
      const match = pattern.exec(line);
      if (match !== null) settle(() => resolve(match));
    };
    const fail = (what: string) => {
      const command = child.spawnargs.join(" ");
      settle(() => reject(new Error(`${command} ${what}. Its last lines:\n${lines.tail.join("\n")}`)));
    };
    const onClose = (code: number | null, signal: string | null) =>
      fail(`ended with ${code ?? signal} before ${pattern}`);
    const timer = setTimeout(() => fail(`wrote no ${pattern} in ${limitMs} ms`), limitMs);
    child.once("close", onClose);
    lines.listeners.add(look);
    for (const line of [...lines.tail]) look(line);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await gone;
  clearTimeout(timer);
}
