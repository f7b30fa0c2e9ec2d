import type { ListenAddress } from "../config/listen.ts";
import { CorralError } from "../errors.ts";

/** Where a socket comes from: made by us, or open already and held by somebody else, too. */
export type Place =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "inherited"; readonly descriptor: number };

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
  if (left > 0) return inherited(left);
  return addresses.flatMap((address) => (address.kind === "systemd" ? fromSystemd(env, pid) : [address]));
}

/** Whether systemd has opened sockets for this very process. */
function hasSystemdSockets({ LISTEN_FDS, LISTEN_PID }: Environment, pid: number): boolean {
  return Number(LISTEN_PID) === pid && count(LISTEN_FDS) > 0;
}

function fromSystemd(env: Environment, pid: number): Place[] {
  if (hasSystemdSockets(env, pid)) return inherited(count(env.LISTEN_FDS));
  const { LISTEN_FDS = null, LISTEN_PID = null } = env;
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    "systemd has passed no socket to this process. Start it by its socket unit (`systemctl start corral.socket`), or listen on an address.",
    { facts: { key: "listen", LISTEN_FDS, LISTEN_PID, pid } },
  );
}

function inherited(descriptors: number): Place[] {
  return Array.from({ length: descriptors }, (_, index) => ({ kind: "inherited", descriptor: FIRST + index }));
}

function count(text: string | undefined): number {
  return /^[1-9]\d{0,3}$/.test(text ?? "") ? Number(text) : 0;
}
