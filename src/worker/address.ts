import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import getPort from "get-port";
import type { Endpoint } from "../endpoint.ts";
import { newKey, writeKey } from "./key.ts";

/** Where one start of a worker listens, and its key: made before it starts, removed after it has ended. */
export interface Address {
  readonly endpoint: Endpoint;
  readonly keyFile: string;
  remove(): Promise<void>;
}

/** Bytes in sun_path, less the closing zero: 108 on Linux, 104 on macOS and the BSDs. */
const SOCKET_PATH_LIMIT = process.platform === "linux" ? 107 : 103;
const SOCKET_NAME = "worker.sock";
const LOOPBACK = "127.0.0.1";

/**
 * Makes `runDir/name/` (0700) with the key in it. Whatever a killed supervisor left there is removed first: the engine
 * refuses to listen on a stale socket.
 */
export async function openAddress(options: {
  readonly runDir: string;
  readonly name: string;
  readonly transport: "unix" | "tcp";
}): Promise<Address> {
  const dir = join(options.runDir, options.name);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const key = newKey();
  const keyFile = join(dir, "key");
  await writeKey(keyFile, key);
  if (options.transport === "tcp") {
    const endpoint: Endpoint = { kind: "tcp", host: LOOPBACK, port: await getPort({ host: LOOPBACK }), key };
    return { endpoint, keyFile, remove: () => removeAll([dir]) };
  }
  const socketDir = fitsSocket(dir) ? dir : await mkdtemp("/tmp/corral-");
  const endpoint: Endpoint = { kind: "unix", socketPath: join(socketDir, SOCKET_NAME), key };
  return { endpoint, keyFile, remove: () => removeAll([dir, socketDir]) };
}

/** Whether a socket may live in this folder. The engine takes a comma for the end of an address. */
export function fitsSocket(dir: string): boolean {
  const path = join(dir, SOCKET_NAME);
  return Buffer.byteLength(path) <= SOCKET_PATH_LIMIT && !path.includes(",");
}

async function removeAll(dirs: readonly string[]): Promise<void> {
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true })));
}
