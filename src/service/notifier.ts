import { execa } from "execa";

/** Tells whoever started this process as a service how it is. Nothing here waits or throws; the order is kept. */
export interface ServiceNotifier {
  /** Serves, for the first time or again after `reloading`. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Is alive. */
  watchdog(): void;
  /** Is getting somewhere, and may take so many milliseconds more to be ready. */
  extend(ms: number): void;
  /** Resolves when all has been told. */
  told(): Promise<void>;
}

const SILENT: ServiceNotifier = {
  ready() {},
  reloading() {},
  stopping() {},
  status() {},
  watchdog() {},
  extend() {},
  async told() {},
};

/** One message: assignments as sd_notify(3) has them. */
export type Send = (assignments: readonly string[]) => Promise<void>;

/** Milliseconds that a message may take. */
const PATIENCE = 5_000;

/**
 * Node has no datagram sockets in AF_UNIX, so systemd's own program carries the messages. Without NOTIFY_SOCKET there is
 * nobody to tell.
 */
export function createNotifier(env: NodeJS.ProcessEnv, onFailure: (error: unknown) => void): ServiceNotifier {
  const { NOTIFY_SOCKET, PATH } = env;
  if (!NOTIFY_SOCKET) return SILENT;
  const options = { env: { NOTIFY_SOCKET, PATH }, extendEnv: false, timeout: PATIENCE, stdio: "ignore" } as const;
  return systemdNotifier(async (assignments) => void (await execa("systemd-notify", assignments, options)), {
    onFailure,
    now: () => process.hrtime.bigint(),
  });
}

export interface NotifierWorld {
  readonly onFailure: (error: unknown) => void;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly now: () => bigint;
}

export function systemdNotifier(send: Send, { onFailure, now }: NotifierWorld): ServiceNotifier {
  let last = Promise.resolve();
  const tell = (...assignments: string[]): void => {
    last = last.then(() => send(assignments)).catch(onFailure);
  };
  return {
    ready: (status) => tell("READY=1", statusLine(status)),
    // The time is what systemd 253 and later ask of Type=notify-reload.
    reloading: () => tell("RELOADING=1", `MONOTONIC_USEC=${now() / 1_000n}`),
    stopping: () => tell("STOPPING=1", statusLine("stopping: running requests may finish")),
    status: (text) => tell(statusLine(text)),
    watchdog: () => tell("WATCHDOG=1"),
    extend: (ms) => tell(`EXTEND_TIMEOUT_USEC=${Math.round(ms * 1_000)}`),
    told: () => last,
  };
}

/** A line break would begin another assignment. */
function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, " ")}`;
}
