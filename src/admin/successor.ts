import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { CorralError } from "../errors.ts";
import type { Successor } from "./administered.ts";
import { handedOver, type ListeningSocket, readWord, type Word } from "./handover.ts";

export interface SuccessorParts {
  /** Which it inherits. */
  readonly sockets: () => readonly ListeningSocket[];
  /** Aborts when this process is to end: a successor that does not serve yet ends, too. */
  readonly signal: AbortSignal;
  /** Called when the successor serves: this process is to drain and end. */
  readonly handOver: () => void;
}

/**
 * Makes an instance's `upgrade`: the program is started from the disk again, which may hold another version by now, with
 * the same arguments and the same listening sockets, so that no connection is refused at any time.
 *
 * It throws CORRAL_UPGRADE_FAILED where that can't be or where the new process gives up; this one goes on then.
 */
export function upgrader({ sockets, signal, handOver }: SuccessorParts): () => Promise<Successor> {
  let isUnderWay = false;
  return async () => {
    refuseWhereHeld(process.env, process.pid);
    if (isUnderWay) throw failed("another upgrade is under way: wait for its end.");
    isUnderWay = true;
    try {
      const successor = await startSuccessor(sockets(), signal);
      handOver();
      return successor;
    } finally {
      isUnderWay = false;
    }
  };
}

/** Pure. @throws CORRAL_UPGRADE_FAILED where somebody else would take the end of this process for the end of corral */
export function refuseWhereHeld({ NOTIFY_SOCKET }: NodeJS.ProcessEnv, pid: number): void {
  if (NOTIFY_SOCKET)
    throw failed("corral runs under systemd. Use `systemctl restart`: its socket unit holds the sockets.");
  if (pid === 1)
    throw failed("corral is the first process of its container, which ends with it: replace the container.");
}

async function startSuccessor(sockets: readonly ListeningSocket[], signal: AbortSignal): Promise<Successor> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    // A group of its own: a Ctrl-C for this process is none for that one.
    detached: true,
    stdio: ["inherit", "inherit", "inherit", ...sockets.map(({ descriptor }) => descriptor), "ipc"],
    env: { ...process.env, ...handedOver(sockets) },
  });
  const word = await lastWord(child, signal);
  if (word.kind === "failed") {
    child.kill("SIGTERM");
    throw failed(`the new process gave up: ${word.message}`, { code: word.code });
  }
  child.unref();
  return { pid: child.pid ?? 0 };
}

/** What the child has to say, or what its silence means. */
async function lastWord(child: ChildProcess, signal: AbortSignal): Promise<Word> {
  const settled = new AbortController();
  const waiting = { signal: AbortSignal.any([settled.signal, signal]) };
  const ended = once(child, "exit", waiting).then(([code, by]) => gone(`it ended (${by ?? `exit code ${code}`})`));
  try {
    return await Promise.race([messageOf(child, waiting), ended]);
  } catch (error) {
    return gone(signal.aborted ? "this one was told to end" : String(error));
  } finally {
    settled.abort();
    ended.catch(() => {});
  }
}

async function messageOf(child: ChildProcess, waiting: { signal: AbortSignal }): Promise<Word> {
  for (;;) {
    const [message] = await once(child, "message", waiting);
    const word = readWord(message);
    if (word !== null) return word;
  }
}

function gone(how: string): Word {
  return { kind: "failed", code: "CORRAL_UPGRADE_FAILED", message: `${how} before it served: see the log.` };
}

function failed(why: string, facts: Readonly<Record<string, unknown>> = {}): CorralError {
  return new CorralError("CORRAL_UPGRADE_FAILED", `No upgrade, and this process goes on: ${why}`, { facts });
}
