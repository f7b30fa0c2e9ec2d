import { CorralError } from "../errors.ts";
import { LISTEN_FDS, type Word } from "./handover.ts";

/** The process that this one is to take over from: it waits to hear how it went. */
export interface Predecessor {
  /** Told when this process serves: the other one ends. */
  ready(): Promise<void>;
  /** Told when this process gives up: the other one goes on. */
  failed(error: unknown): Promise<void>;
}

/** Null where this process was not started by `startSuccessor`. If the other one ends too soon, this one is told to. */
export function predecessor(env: NodeJS.ProcessEnv = process.env): Predecessor | null {
  if (process.send === undefined || env[LISTEN_FDS] === undefined) return null;
  const onLost = (): void => void process.kill(process.pid, "SIGTERM");
  if (process.connected) process.once("disconnect", onLost);
  else onLost();
  const say = async (word: Word): Promise<void> => {
    process.off("disconnect", onLost);
    await new Promise<void>((resolve) => {
      if (process.connected) process.send?.(word, undefined, undefined, () => resolve());
      else resolve();
    });
    if (process.connected) process.disconnect();
  };
  return {
    ready: () => say({ kind: "ready" }),
    failed: (error) => say({ kind: "failed", ...inWords(error) }),
  };
}

function inWords(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CorralError) return { code: error.code, message: error.message };
  return { code: "CORRAL_INTERNAL", message: String(error) };
}
