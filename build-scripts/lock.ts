import { CorralError } from "../src/errors.ts";

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** When the process started, in the kernel's ticks; null where the system does not tell. */
  readonly started: string | null;
  readonly host: string;
}

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** How long to wait for another holder, in ms. Default: for ever. */
  timeout?: number | undefined;
  /** Called once for each holder that is waited for. */
  onWait?: ((holder: LockHolder) => void) | undefined;
}

/** Runs `task` while this process holds the lock file `path`. Throws CORRAL_LOCKED after `timeout`. */
export async function withLock<T>(_path: string, _task: () => Promise<T>, _options: LockOptions = {}): Promise<T> {
  throw new CorralError("CORRAL_INTERNAL", "not written yet");
}
