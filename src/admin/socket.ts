import { mkdir, stat } from "node:fs/promises";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { CorralError } from "../errors.ts";
import { listenOnPath, type Remove } from "../unix-socket.ts";
import { adminFolder, SOCKET, socketBeside } from "./place.ts";

export interface AdminSocket {
  readonly path: string;
  /** To be called when the server has closed. */
  readonly remove: Remove;
}

export interface SocketWish {
  /** A path, or undefined: where commands look by themselves. */
  readonly path?: string | undefined;
  /** Whether this process succeeds another one, whose socket it takes over. */
  readonly isSuccessor: boolean;
}

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Listens where only this user can reach it. Beside a living instance it gets a socket of its own, and commands ask
 * which one is meant.
 * @throws CorralError CORRAL_PORT_TAKEN where the given path is another's, CORRAL_BAD_OPTION
 */
export async function openSocket(server: Server, { path, isSuccessor }: SocketWish, log: Logger): Promise<AdminSocket> {
  const folder = path === undefined ? adminFolder(process.env, process.getuid?.() ?? null) : dirname(path);
  await makePrivate(folder);
  const wanted = path ?? join(folder, SOCKET);
  try {
    return { path: wanted, remove: await listenOnPath(server, wanted, { mode: 0o600, takesOver: isSuccessor }) };
  } catch (error) {
    if (path !== undefined || !isTaken(error)) throw error;
    const own = join(folder, socketBeside(process.pid));
    log.warn({ path: wanted, own }, "another corral runs here: commands to this one take --admin with its own socket");
    return { path: own, remove: await listenOnPath(server, own, { mode: 0o600 }) };
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof CorralError && error.code === "CORRAL_PORT_TAKEN";
}

/** A folder where others may rename what is in it would let them put a socket of theirs in our place. */
async function makePrivate(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(folder, (cause as NodeJS.ErrnoException).code ?? "it can't be made", cause);
  }
  const { mode } = await stat(folder);
  if ((mode & GROUP_OR_OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) {
    throw unusable(folder, "others may write to it: `chmod go-w` mends that");
  }
}

function unusable(folder: string, why: string, cause?: unknown): CorralError {
  return new CorralError(
    "CORRAL_BAD_OPTION",
    `The admin socket can't be in ${folder} (${why}). Choose a path with --admin, or do without: --admin off.`,
    { cause, facts: { folder } },
  );
}
