import type { Server } from "node:http";
import type { ResolvedGatewayOptions } from "../config/gateway-options.ts";
import { type Listening, listenAt } from "./listen.ts";
import type { Place } from "./places.ts";

/** Milliseconds between two looks at which clients are too slow. */
export const TIMEOUT_CHECK = 1_000;

type TimeLimits = Pick<ResolvedGatewayOptions, "headersTimeout" | "bodyTimeout" | "keepAliveTimeout">;

/** One server at one place. */
export class Door {
  readonly #server: Server;
  readonly #listening: Listening;
  readonly #place: Place;
  #emptied: Promise<void> | null = null;

  private constructor(server: Server, place: Place, listening: Listening) {
    this.#server = server;
    this.#place = place;
    this.#listening = listening;
  }

  /** @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION */
  static async open(server: Server, place: Place): Promise<Door> {
    return new Door(server, place, await listenAt(server, place));
  }

  get url(): string {
    return this.#listening.url;
  }

  /** Null for Unix sockets. */
  get port(): number | null {
    return this.#listening.port;
  }

  /** Whether whoever opened the socket holds it, too, and takes connections when we don't. */
  get isHeld(): boolean {
    return this.#place.kind === "held";
  }

  /** Of the listening socket, to be handed to a child process. Node has no public way to it. */
  get descriptor(): number {
    const { _handle: handle } = this.#server as { _handle?: { readonly fd?: number } | null };
    return handle?.fd ?? -1;
  }

  /** For requests from now on. */
  limit({ headersTimeout, bodyTimeout, keepAliveTimeout }: TimeLimits): void {
    this.#server.headersTimeout = headersTimeout;
    // Behind the body's own limit, which answers better.
    this.#server.requestTimeout = headersTimeout + bodyTimeout + TIMEOUT_CHECK;
    this.#server.keepAliveTimeout = keepAliveTimeout;
  }

  /** Takes no more connections. Those that are idle end, others go on. Resolves when the last one is over. */
  shut(): Promise<void> {
    this.#emptied ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#emptied;
  }

  /** Ends all connections. @param leavesFile whether another process listens on the same socket */
  async close(leavesFile: boolean): Promise<void> {
    const emptied = this.shut();
    this.#server.closeAllConnections();
    await emptied;
    if (!leavesFile) await this.#listening.remove();
  }
}
