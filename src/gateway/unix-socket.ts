import { once } from "node:events";
import { chmod, lstat, rename, rm } from "node:fs/promises";
import { createConnection, type Server } from "node:net";
import { dirname, join } from "node:path";
import { CorralError } from "../errors.ts";

/** Its owner and group may connect. */
const MODE = 0o660;

/** Removes the socket's file, unless it is another's by now. */
export type Remove = () => Promise<void>;

/**
 * Listens on a path. The socket is made under another name and takes the path in one step, with its mode: nobody ever
 * meets one that is not open yet, or open to all. So, too, libuv does not remove the file at the end, which may belong
 * to a successor that got the socket handed over.
 *
 * @throws CorralError CORRAL_PORT_TAKEN where a living process listens there; a dead one's file is replaced
 */
export async function listenOnPath(server: Server, path: string): Promise<Remove> {
  await refuseTaken(path);
  // Short, for the kernel takes about a hundred bytes.
  const draft = join(dirname(path), `.${process.pid}`);
  await rm(draft, { force: true });
  server.listen(draft);
  await once(server, "listening");
  await chmod(draft, MODE);
  await rename(draft, path);
  const { ino } = await lstat(path);
  return async () => {
    const now = await lstat(path).catch(() => null);
    if (now?.ino === ino) await rm(path, { force: true });
  };
}

async function refuseTaken(path: string): Promise<void> {
  const present = await lstat(path).catch(() => null);
  if (present === null) return;
  if (!present.isSocket()) {
    throw new CorralError("CORRAL_BAD_OPTION", `${path} is there and is no socket. Listen on another path.`, {
      facts: { path },
    });
  }
  if (!(await answers(path))) return;
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
