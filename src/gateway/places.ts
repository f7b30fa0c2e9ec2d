import type { ListenAddress } from "../config/listen.ts";
import { CorralError } from "../errors.ts";

/** Where a socket comes from: made by us, or open already. */
export type Place =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /** systemd holds it, too, and takes connections when we don't. */
  | { readonly kind: "held"; readonly descriptor: number }
  /** An earlier corral has left it to us. @property path of a Unix socket, whose file is ours now; null for others */
  | { readonly kind: "left"; readonly descriptor: number; readonly path: string | null };

type Environment = Readonly<Record<string, string | undefined>>;

/** The first descriptor of those that are handed over; those before are stdin, stdout and stderr. */
const FIRST = 3;

/**
 * What the addresses mean in a process that got this environment. Pure. The sockets of an earlier corral
 * (CORRAL_LISTEN_FDS) stand for all addresses: they are those that it listened on.
 *
 * @throws CorralError CORRAL_BAD_OPTION where systemd's sockets are asked for and it gave none
 */
export function placesOf(addresses: readonly ListenAddress[], env: Environment, pid: number): Place[] {
  const left = count(env.CORRAL_LISTEN_FDS);
  if (left > 0) return leftToUs(left, namesIn(env.CORRAL_LISTEN_NAMES));
  return addresses.flatMap((address) => (address.kind === "systemd" ? fromSystemd(env, pid) : [address]));
}

/** Whether systemd has opened sockets for this very process. */
function hasSystemdSockets({ LISTEN_FDS, LISTEN_PID }: Environment, pid: number): boolean {
  return Number(LISTEN_PID) === pid && count(LISTEN_FDS) > 0;
}

function fromSystemd(env: Environment, pid: number): Place[] {
  if (hasSystemdSockets(env, pid))
    return descriptors(count(env.LISTEN_FDS)).map((descriptor) => ({ kind: "held", descriptor }));
  const { LISTEN_FDS = null, LISTEN_PID = null } = env;
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    "systemd has passed no socket to this process. Start it by its socket unit (`systemctl start corral.socket`), or listen on an address.",
    { facts: { key: "listen", LISTEN_FDS, LISTEN_PID, pid } },
  );
}

function leftToUs(number: number, names: readonly unknown[]): Place[] {
  return descriptors(number).map((descriptor, index) => ({ kind: "left", descriptor, path: pathIn(names[index]) }));
}

function descriptors(number: number): number[] {
  return Array.from({ length: number }, (_, index) => FIRST + index);
}

/** The kernel knows a Unix socket by the name under which it was made. */
function namesIn(json: string | undefined): readonly unknown[] {
  try {
    const names: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(names) ? names : [];
  } catch {
    return [];
  }
}

function pathIn(name: unknown): string | null {
  return typeof name === "string" && name.startsWith("unix:") ? name.slice("unix:".length) : null;
}

function count(text: string | undefined): number {
  return /^[1-9]\d{0,3}$/.test(text ?? "") ? Number(text) : 0;
}
