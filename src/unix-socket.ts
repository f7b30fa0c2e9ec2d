import { once } from "node:events";
import { chmod, lstat, rename, rm } from "node:fs/promises";
import { createConnection, type Server } from "node:net";
import { dirname, join } from "node:path";
import { CorralError } from "./errors.ts";

export interface SocketChoice {
  /** Who may connect: 0o600 the owner, 0o660 the group, too. */
  readonly mode: number;
  /** Take the path from a living process, which goes on with the connections that it has. Default false. */
  readonly takesOver?: boolean;
}

/** Removes the socket's file, unless it is another's by now. */
export type Remove = () => Promise<void>;

/** Bytes in sun_path, less the closing zero: 108 on Linux, 104 on macOS and the BSDs. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

/**
 * Listens on a path. The socket is made under another name and takes the path in one step, with its mode: nobody ever
 * meets one that is not open yet, or open to all. So, too, libuv does not remove the file at the end, which may belong
 * to a successor that got the socket handed over.
 *
 * @throws CorralError CORRAL_PORT_TAKEN where a living process listens there; a dead one's file is replaced
 */
export async function listenOnPath(
  server: Server,
  path: string,
  { mode, takesOver = false }: SocketChoice,
): Promise<Remove> {
  // Short, for the kernel takes about a hundred bytes.
  const draft = join(dirname(path), `.${process.pid}`);
  refuseLong(draft.length > path.length ? draft : path);
  await refuseTaken(path, takesOver);
  await rm(draft, { force: true });
  listenForNobody(server, draft);
  await once(server, "listening");
  await chmod(draft, mode);
  await rename(draft, path);
  return await removerOf(path);
}

/** For the file that is there now. */
export async function removerOf(path: string): Promise<Remove> {
  const before = await lstat(path).catch(() => null);
  return async () => {
    const now = await lstat(path).catch(() => null);
    if (now !== null && now.ino === before?.ino) await rm(path, { force: true });
  };
}

/** Until it has its mode only the owner may connect. The socket is bound before `listen` returns. */
function listenForNobody(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

function refuseLong(path: string): void {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return;
  throw new CorralError("CORRAL_BAD_OPTION", `The path of the socket ${path} is too long. Choose a shorter one.`, {
    facts: { path, most: LONGEST_PATH },
  });
}

async function refuseTaken(path: string, takesOver: boolean): Promise<void> {
  const present = await lstat(path).catch(() => null);
  if (present === null) return;
  if (!present.isSocket()) {
    throw new CorralError("CORRAL_BAD_OPTION", `${path} is there and is no socket. Listen on another path.`, {
      facts: { path },
    });
  }
  if (takesOver || !(await answers(path))) return;
  throw new CorralError(
    "CORRAL_PORT_TAKEN",
    `Another process listens on the socket ${path}. End it, or choose another path.`,
    { facts: { path } },
  );
}

/** The kernel takes connections for a process until it is gone, whatever it does. */
async function answers(path: string): Promise<boolean> {
  const connection = createConnection(path);
  try {
    await once(connection, "connect");
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}
