import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CorralError } from "../src/errors.ts";
import { isAlive, type ProcessIdentity, self } from "./process-identity.ts";

// Own code, because the libraries for this (proper-lockfile, lockfile) have had no release for years and go by the
// age of a file alone: after a crash the next build would wait for a timeout, and a stopped holder would lose its lock.

/** Who holds a lock. */
export interface LockHolder extends ProcessIdentity {
  /** Another one for each time a lock is taken. */
  readonly token: string;
}

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** How long to wait for other holders, in ms. Default: for ever. */
  timeout?: number | undefined;
  /** Called once for each holder that is waited for. */
  onWait?: ((holder: LockHolder) => void) | undefined;
}

const POLL_MS = 100;
/** A holder touches its lock this often, for waiters on other hosts, who cannot see its process. */
const HEARTBEAT_MS = 2_000;
/** A foreign holder whose lock was not touched while we watched for this long is dead. */
const SILENCE_MS = 20_000;

/**
 * Runs `task` while this process holds the lock file `path`, whose folder is made if need be. A lock whose holder has
 * died is taken over. Not reentrant: a task that asks for its own lock waits for ever.
 *
 * Throws CORRAL_LOCKED (facts: path, pid, host) when others have held it for `timeout`, and the signal's reason.
 */
export async function withLock<T>(path: string, task: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holder: LockHolder = { ...self, token: randomUUID() };
  await acquire(path, holder, options);
  const heartbeat = setInterval(() => void touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await task();
  } finally {
    clearInterval(heartbeat);
    await release(path, holder);
  }
}

async function acquire(path: string, holder: LockHolder, { signal, timeout, onWait }: LockOptions): Promise<void> {
  const deadline = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  let watched: Watched | null = null;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, holder)) return;
    const other = await read(path);
    if (other === null) continue;
    if (watched?.holder.token !== other.holder.token) {
      watched = { ...other, since: performance.now() };
      if (isAlive(other.holder) !== false) onWait?.(other.holder);
    } else if (watched.touched !== other.touched) {
      watched = { ...other, since: performance.now() };
    }
    if (isDead(watched)) {
      await takeAway(path, other.holder, signal);
      continue;
    }
    if (performance.now() >= deadline) throw locked(path, other.holder, timeout ?? 0);
    const pause = Math.min(POLL_MS, Math.max(1, deadline - performance.now()));
    await sleep(pause, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
}

interface Watched {
  readonly holder: LockHolder;
  /** The lock file's time stamp, only compared with itself: clocks of hosts differ. */
  readonly touched: number;
  /** Since when we have seen no change. */
  readonly since: number;
}

function isDead({ holder, since }: Watched): boolean {
  return !(isAlive(holder) ?? performance.now() - since < SILENCE_MS);
}

/**
 * Removes a dead holder's lock. The right to do so is itself a lock, named by the dead holder's token: of two waiters
 * that see the same corpse, the second finds another holder there, or nobody, and leaves it alone. Whoever dies here
 * leaves a lock of its own, which is taken away in the same manner.
 */
async function takeAway(path: string, dead: LockHolder, signal: AbortSignal | undefined): Promise<void> {
  await withLock(
    `${path}.${dead.token}`,
    async () => {
      if ((await read(path))?.holder.token === dead.token) await unlink(path);
    },
    { signal },
  );
}

/** A hard link appears with its content or not at all, unlike a file opened with "wx" and then written. */
async function create(path: string, holder: LockHolder): Promise<boolean> {
  const draft = `${path}.${holder.token}.draft`;
  await writeFile(draft, JSON.stringify(holder), { flag: "wx" });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function read(path: string): Promise<{ holder: LockHolder; touched: number } | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { holder: JSON.parse(text) as LockHolder, touched: mtimeMs };
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw new CorralError("CORRAL_LOCKED", `The lock ${path} cannot be read. If no corral runs, remove it.`, {
      cause: error,
      facts: { path },
    });
  }
}

async function release(path: string, holder: LockHolder): Promise<void> {
  if ((await read(path))?.holder.token === holder.token) await unlink(path);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

function locked(path: string, { pid, host }: LockHolder, timeout: number): CorralError {
  return new CorralError(
    "CORRAL_LOCKED",
    `Process ${pid} on ${host} has held ${path} for longer than ${timeout / 1000} s. ` +
      "Wait until it has ended, or end it, and try again.",
    { facts: { path, pid, host } },
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
