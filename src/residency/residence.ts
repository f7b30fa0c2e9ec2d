import type { Machine } from "../machine/machine.ts";

/** A pool's place in the machine's memory. It has none before `enter`, and asks again before its workers start anew. */
export interface Residence {
  /** The machine as it would be if none of those that share it ran, these processes neither. */
  readMachine(pids: readonly number[]): Promise<Machine>;
  /** Whether so many bytes are free; if so, they are the pool's. */
  tryEnter(bytes: number): boolean;
  /**
   * Resolves when so many bytes are the pool's, in place of what it had. Others may have to unload first.
   * @throws CorralError CORRAL_NO_ROOM with facts.retryAfter (seconds); the signal's reason
   */
  enter(bytes: number, signal: AbortSignal): Promise<void>;
  /** Models that share the machine, the pool's own among them. */
  sharers(): number;
  /** Bytes that others hold. */
  heldByOthers(): number;
  /** The pool ends: others need not unload for those that wait for its bytes. */
  startLeaving(): void;
  /** No worker of the pool is left. */
  leave(): void;
}
