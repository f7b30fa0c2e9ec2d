import { type ListenAddress, listenText } from "../../config/listen.ts";
import { CorralError } from "../../errors.ts";

/** Where a configuration that leaves it to the socket unit listens. */
const USUAL = "127.0.0.1:8080";

/**
 * Addresses as ListenStream= takes them. Pure.
 * @throws CorralError CORRAL_BAD_OPTION for what a socket unit can't hold
 */
export function streamsOf(addresses: readonly ListenAddress[], name: string): string[] {
  const own = addresses.filter((address) => address.kind !== "systemd");
  return own.length === 0 ? [USUAL] : own.map((address) => streamOf(address, name));
}

function streamOf(address: ListenAddress, name: string): string {
  if (address.kind === "tcp") {
    if (address.port === 0) throw refused(address, "A service needs a port that clients know: not 0.");
    return address.host === "localhost" ? listenText({ ...address, host: "127.0.0.1" }) : listenText(address);
  }
  if (address.kind === "unix" && address.path.startsWith(`/run/${name}/`)) {
    throw refused(
      address,
      `/run/${name} belongs to the service's user and goes when it stops. Put the socket at /run/${name}.sock.`,
    );
  }
  return address.kind === "unix" ? address.path : USUAL;
}

function refused(address: ListenAddress, message: string): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", message, { facts: { key: "listen", value: listenText(address) } });
}
