import { isIP, isIPv6 } from "node:net";

/** Where the HTTP front takes connections. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** Made with mode 0660 and gone at the end; a stale file of a dead process is replaced. */
  | { readonly kind: "unix"; readonly path: string }
  /** All sockets that systemd, or an earlier corral, has opened and handed over. */
  | { readonly kind: "systemd" };

/** The host of a port alone. */
const LOOPBACK = "127.0.0.1";
const HIGHEST_PORT = 65_535;
/** Bytes of a Unix socket's path: what the kernel takes. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

type Parsed =
  | { readonly kind: "address"; readonly address: ListenAddress }
  /** The second half of "It must be ...". */
  | { readonly kind: "expected"; readonly expected: string };

/** "127.0.0.1:8080", "[::1]:8080", "8080", "unix:/run/corral/http.sock", "systemd". */
export function parseListen(text: string): Parsed {
  if (text === "systemd") return { kind: "address", address: { kind: "systemd" } };
  if (text.startsWith("unix:")) return unixAddress(text.slice("unix:".length));
  if (/^\d+$/.test(text)) return tcpAddress(LOOPBACK, text);
  if (isIPv6(text) || isIPv6(text.replace(/:\d+$/, "")))
    return expected("an IPv6 address in brackets, like [::1]:8080");
  const [, inBrackets, bare, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  if (port === undefined) return expected('HOST:PORT, a port, "unix:/PATH" or "systemd"');
  if (inBrackets === undefined) return isHost(bare ?? "") ? tcpAddress(bare ?? "", port) : expected(A_HOST);
  return isIPv6(inBrackets) ? tcpAddress(inBrackets, port) : expected("an IPv6 address within the brackets");
}

const A_HOST = "HOST:PORT with a name or an IP address of this machine: 0.0.0.0 or [::] for all of them";

/** What parseListen reads as the same address. */
export function listenText(address: ListenAddress): string {
  switch (address.kind) {
    case "systemd":
      return "systemd";
    case "unix":
      return `unix:${address.path}`;
    case "tcp":
      return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
  }
}

/** The first that stands there twice; a free port (0) is another one each time. */
export function listenedTwice(addresses: readonly ListenAddress[]): ListenAddress | undefined {
  const texts = addresses.map(listenText);
  return addresses.find(
    (address, index) => !(address.kind === "tcp" && address.port === 0) && texts.indexOf(listenText(address)) < index,
  );
}

function unixAddress(path: string): Parsed {
  if (!path.startsWith("/") || path.endsWith("/")) return expected('"unix:" and an absolute path');
  if (Buffer.byteLength(path) > LONGEST_PATH) return expected(`a path of at most ${LONGEST_PATH} bytes`);
  return { kind: "address", address: { kind: "unix", path } };
}

function tcpAddress(host: string, text: string): Parsed {
  const port = Number(text);
  if (port > HIGHEST_PORT) return expected(`a port from 0 to ${HIGHEST_PORT}`);
  return { kind: "address", address: { kind: "tcp", host, port } };
}

/** Digits and dots alone are meant as an IP address, and must be one. */
function isHost(text: string): boolean {
  return isIP(text) !== 0 || (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text) && !/^[\d.]+$/.test(text));
}

function expected(text: string): Parsed {
  return { kind: "expected", expected: text };
}
