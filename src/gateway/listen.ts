import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import type { Server } from "node:net";
import { CorralError } from "../errors.ts";
import { listenOnPath, removerOf } from "../unix-socket.ts";
import type { Place } from "./places.ts";

/** A reverse proxy of the same group may connect. */
const FOR_GROUP = { mode: 0o660 } as const;

/** What a server got to listen on. */
export interface Listening {
  /** "http://127.0.0.1:8080" as a client on this machine reaches it, or "unix:/run/corral/http.sock". */
  readonly url: string;
  /** Null for Unix sockets. */
  readonly port: number | null;
  /** Leaves nothing behind of what was made. To be called when the server has closed. */
  readonly remove: () => Promise<void>;
}

/** @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION */
export async function listenAt(server: Server, place: Place): Promise<Listening> {
  try {
    switch (place.kind) {
      case "tcp":
        server.listen({ host: place.host, port: place.port });
        await once(server, "listening");
        return { ...addressOf(server, place.host), remove: nothing };
      case "unix":
        return { url: `unix:${place.path}`, port: null, remove: await listenOnPath(server, place.path, FOR_GROUP) };
      case "held":
        await adopt(server, place.descriptor);
        return { ...addressOf(server, null, place.descriptor), remove: nothing };
      case "left":
        await adopt(server, place.descriptor);
        if (place.path === null) return { ...addressOf(server, null, place.descriptor), remove: nothing };
        return { url: `unix:${place.path}`, port: null, remove: await removerOf(place.path) };
    }
  } catch (cause) {
    throw cause instanceof CorralError ? cause : refused(cause, place);
  }
}

async function adopt(server: Server, descriptor: number): Promise<void> {
  server.listen({ fd: descriptor });
  await once(server, "listening");
}

async function nothing(): Promise<void> {}

function addressOf(server: Server, host: string | null, descriptor = -1): { url: string; port: number | null } {
  const address = server.address();
  if (address !== null && typeof address === "object") {
    return { url: `http://${reachable(host ?? address.address)}:${address.port}`, port: address.port };
  }
  return { url: `unix:${address ?? pathOf(descriptor) ?? descriptor}`, port: null };
}

/** Of a Unix socket that came open: Node does not know it, the kernel does. */
function pathOf(descriptor: number): string | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
    const line = readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .find((each) => each.split(/\s+/)[6] === inode);
    return line?.split(/\s+/)[7] ?? null;
  } catch {
    return null;
  }
}

function refused(cause: unknown, place: Place): CorralError {
  const code = (cause as NodeJS.ErrnoException).code;
  const taken = code === "EADDRINUSE";
  return new CorralError(taken ? "CORRAL_PORT_TAKEN" : "CORRAL_BAD_OPTION", sentence(place, taken ? null : code), {
    cause,
    facts: place,
  });
}

/** @param code why it can't be listened on; null where it is in use */
function sentence(place: Place, code: string | undefined | null): string {
  const what =
    place.kind === "tcp"
      ? `port ${place.port} on ${place.host}`
      : place.kind === "unix"
        ? `the socket ${place.path}`
        : `the socket that came as descriptor ${place.descriptor}`;
  const another = place.kind === "tcp" ? "--host and --port" : "--listen";
  if (code !== null) return `Can't listen on ${what} (${code}). Choose another with ${another}.`;
  const free = place.kind === "tcp" ? "--port, or 0 for a free one" : another;
  return `${what.charAt(0).toUpperCase()}${what.slice(1)} is in use. Choose another with ${free}.`;
}

/** What a client on this machine can put into a URL. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
