import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Launch } from "./launch.ts";
import type { Ring } from "./ring.ts";

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why there was never a process; null where there was one. */
  readonly startError: Error | null;
}

export interface RunningProcess {
  /** Null where it could not be started. */
  readonly pid: number | null;
  /** Resolves when it has been reaped and its last words are read. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Does nothing to a process that has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** How long after the end its output may still come: a grandchild may hold the pipes for ever. */
const LAST_WORDS = 500;

/** Pids to take along where the kernel does not do it (no setpriv). */
const alive = new Set<number>();
process.on("exit", () => {
  for (const pid of alive) tryKill(pid, "SIGKILL");
});

/**
 * Starts a worker's process. It gets a session of its own: Ctrl-C in a terminal goes to the whole foreground group,
 * and a worker must be told to end once, by its supervisor. What it writes is read for as long as it lives, for an
 * engine whose output pipe is full stops computing.
 *
 * @param output takes its stdout and stderr
 */
export function startProcess(
  launch: Launch,
  env: Readonly<Record<string, string>>,
  cwd: string,
  output: Ring,
): RunningProcess {
  const child = execa(launch.file, launch.args, {
    env,
    extendEnv: false,
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
  });
  const pid = child.pid ?? null;
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));

  let reaped = false;
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (exitCode, signal) => {
      reaped = true;
      if (pid !== null) alive.delete(pid);
      Promise.race([child, sleep(LAST_WORDS, undefined, { ref: false })]).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ exitCode, signal, startError: null });
      });
    });
    if (pid === null) {
      child.then((result) => resolve({ exitCode: null, signal: null, startError: result.cause as Error }));
    }
  });
  if (pid !== null) alive.add(pid);

  return {
    pid,
    ended,
    kill(signal) {
      // After it has been reaped the number may be somebody else's.
      if (pid !== null && !reaped) tryKill(pid, signal);
    },
  };
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile, which is what was asked for.
  }
}
