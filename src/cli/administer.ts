import { isatty } from "node:tty";
import type { Logger } from "pino";
import {
  type Admin,
  administerPools,
  CorralError,
  type Gateway,
  type InstanceParts,
  openAdmin,
  readMachine,
  upgrader,
} from "../index.ts";
import type { Interruption } from "./interruption.ts";
import { version } from "./version.ts";

export interface AdministrationParts {
  /** Where its socket is to be, "off", or undefined: where commands look by themselves. */
  readonly path: string | undefined;
  /** What it says of itself, and how it reads its configuration again. */
  readonly instance: Pick<InstanceParts, "pools" | "files" | "memory" | "isReloading" | "reload">;
  readonly gateway: Gateway;
  readonly interruption: Interruption;
  readonly log: Logger;
  /** Whether this process succeeds another one. */
  readonly isSuccessor: boolean;
}

/** How a server is acted on from outside while it runs: the admin socket, and SIGHUP for a reload. */
export interface Administration {
  /** @param listen the addresses of the gateway @throws CorralError where the socket can't be at the path asked for */
  open(listen: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Why a server is asked to stop when another process has taken over. */
export const HANDED_OVER = "upgrade";

const STDIN = 0;

export function administration(parts: AdministrationParts): Administration {
  const { instance, gateway, interruption, log, isSuccessor } = parts;
  // An empty variable counts as not set.
  const path = parts.path || undefined;
  let admin: Admin | null = null;
  let onHangUp = (): void => {};

  return {
    async open(listen) {
      const administered = administerPools({
        ...instance,
        version: version(),
        cpus: (await readMachine()).cpus.map(({ id }) => id),
        listen,
        isDraining: () => interruption.first.aborted,
        upgrade: upgrader({
          sockets: () => gateway.descriptors().map((descriptor, at) => ({ descriptor, name: listen[at] ?? "" })),
          signal: interruption.first,
          handOver: () => interruption.ask(HANDED_OVER),
        }),
      });
      const hadTerminal = isatty(STDIN);
      onHangUp = () => {
        // A terminal that was closed sends it, too, and wants all that ran in it to end.
        if (hadTerminal && !isatty(STDIN)) interruption.ask("SIGHUP");
        // It has told the log.
        else administered.reload().catch(() => {});
      };
      process.on("SIGHUP", onHangUp);
      if (path !== "off") admin = await openOrWarn({ administered, log, path, isSuccessor });
    },
    async close() {
      process.off("SIGHUP", onHangUp);
      await admin?.close();
    },
  };
}

/** A default that can't be is no reason not to serve. */
async function openOrWarn(parts: Parameters<typeof openAdmin>[0]): Promise<Admin | null> {
  try {
    return await openAdmin(parts);
  } catch (error) {
    if (parts.path !== undefined || !(error instanceof CorralError)) throw error;
    parts.log.warn({ code: error.code }, `no admin socket, so that commands don't reach this corral: ${error.message}`);
    return null;
  }
}
