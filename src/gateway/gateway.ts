import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { GatewayOptions } from "../config/gateway-options.ts";
import { resolveGatewayOptions } from "../config/resolve.ts";
import { refuseSameNames, type ServedModel } from "../served-model.ts";
import { keyCheck } from "./auth.ts";
import { isDiscarding } from "./body.ts";
import { Door, TIMEOUT_CHECK } from "./door.ts";
import { type Examples, examplesFor } from "./examples.ts";
import { createHandler, draining, type Handler } from "./handler.ts";
import { HEADERS_LIMIT } from "./head.ts";
import { readinessOf } from "./health.ts";
import { answerOnSocket, refusalOfParser } from "./malformed.ts";
import { type Place, placesOf } from "./places.ts";
import { Visits } from "./visits.ts";

export interface GatewayParts {
  /** Opened by the caller, and closed by it after the gateway. No two of one name. A function where they may change. */
  readonly pools: readonly ServedModel[] | (() => readonly ServedModel[]);
  readonly options?: GatewayOptions;
  readonly log: Logger;
  /** Prometheus text for /metrics, which is 404 without it. */
  readonly metrics?: () => Promise<string>;
}

export interface Address {
  /** As a client on this machine reaches it: "http://127.0.0.1:8080". Of the first address that is no Unix socket. */
  readonly url: string;
  /** 0 where all are Unix sockets. */
  readonly port: number;
  /** "http://127.0.0.1:8080", "unix:/run/corral/http.sock" */
  readonly all: readonly string[];
  /** Of the first model. */
  readonly examples: Examples;
}

/** The HTTP front over pools. It may listen before they are ready: /readyz says when they are. */
export interface Gateway {
  /** On all addresses, or on none. @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION */
  listen(): Promise<Address>;
  /**
   * The listening sockets, in the order of `Address.all`. A child process that inherits them as descriptors 3, 4, ...
   * and finds their number in CORRAL_LISTEN_FDS and `Address.all` as JSON in CORRAL_LISTEN_NAMES listens on the same
   * addresses.
   */
  descriptors(): number[];
  /**
   * Keys, limits and what is logged are as these say from now on; the addresses stay as they are.
   * @throws CorralError CORRAL_BAD_OPTION: nothing has changed then
   */
  reconfigure(options: GatewayOptions): void;
  /**
   * Not ready any more; new requests are refused, running ones finish up to `drainTimeout`. Idempotent.
   *
   * A socket that another process holds, too (systemd, or a successor), is left to it at once, and nobody is refused:
   * what has been taken from it is answered, each connection's last answer says so.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Ends all connections now. Idempotent; cuts a `close` short. */
  destroy(): Promise<void>;
}

export interface CloseOptions {
  /** Whether a successor has got `descriptors()` and listens. Default false. */
  readonly toSuccessor?: boolean;
}

/** Bytes of a request's line and headers. */
const HEAD_LIMIT = 16 * 1024;
/** Milliseconds of silence after which the kernel asks whether the client is still there. */
const PEER_CHECK = 30_000;

/** Milliseconds that connections get to take in their last answer. */
const LAST_WORDS = 1_000;
/**
 * Milliseconds in which connections that are kept alive are told to come back, before those that are quiet are ended:
 * a request that is on its way to a connection that ends is lost.
 */
const FAREWELL = 1_000;

/** @throws CorralError CORRAL_BAD_OPTION */
export function createGateway({ pools, options: given = {}, log, metrics }: GatewayParts): Gateway {
  let options = resolveGatewayOptions(given);
  let checkKey = keyCheck(options.apiKeys);
  const models = typeof pools === "function" ? pools : () => pools;
  refuseSameNames(models());
  const visits = new Visits();
  const doors: Door[] = [];
  let isDraining = false;
  let hasSuccessor = false;
  let address: Address | null = null;
  const isShared = (door: Door): boolean => hasSuccessor || door.isHeld;

  async function open(place: Place): Promise<Door> {
    const isRefusing = (): boolean => isDraining && !hasSuccessor && place.kind !== "held";
    const handle = createHandler({
      models,
      options: () => options,
      log,
      visits,
      checkKey: (headers) => checkKey(headers),
      metrics: metrics ?? null,
      startedAt: Math.floor(Date.now() / 1000),
      isDraining: () => isDraining,
      isRefusing,
      readiness: () => readinessOf(models(), isDraining),
      url: () => address?.url ?? "",
    });
    return await Door.open(openServer(visits, handle), place);
  }

  async function closeDoors(): Promise<void> {
    await Promise.all(doors.map((door) => door.close(isShared(door))));
  }

  return {
    async listen() {
      try {
        for (const place of placesOf(options.listen, process.env, process.pid)) doors.push(await open(place));
        for (const door of doors) door.limit(options);
      } catch (error) {
        await closeDoors();
        throw error;
      }
      address = addressOf(doors, models()[0]?.name ?? "", options.apiKeys.length > 0);
      return address;
    },

    descriptors: () => doors.map(({ descriptor }) => descriptor),

    reconfigure(next) {
      options = resolveGatewayOptions(next);
      checkKey = keyCheck(options.apiKeys);
      for (const door of doors) door.limit(options);
    },

    // A door of our own stays open while it drains: a load balancer asks /readyz, and gets its answer.
    async close({ toSuccessor = false } = {}) {
      isDraining = true;
      hasSuccessor ||= toSuccessor;
      const { drainTimeout, headersTimeout } = options;
      const began = performance.now();
      await leave(doors.filter(isShared), Math.min(drainTimeout, headersTimeout));
      await visits.whenEmpty(Math.max(0, drainTimeout - (performance.now() - began)));
      visits.cut(draining());
      await visits.whenEmpty(LAST_WORDS);
      await closeDoors();
    },

    async destroy() {
      isDraining = true;
      await closeDoors();
    },
  };
}

/**
 * Resolves when whoever has been let in has gone.
 * @param limit milliseconds for those who have not asked yet: nobody else can answer them
 */
async function leave(doors: readonly Door[], limit: number): Promise<void> {
  if (doors.length === 0) return;
  await sleep(Math.min(FAREWELL, limit));
  const isOver = new AbortController();
  const patience = sleep(limit, undefined, { signal: isOver.signal }).catch(() => {});
  await Promise.race([Promise.all(doors.map((door) => door.shut())), patience]);
  isOver.abort();
}

function addressOf(doors: readonly Door[], model: string, needsKey: boolean): Address {
  const all = doors.map((door) => door.url);
  const first = doors.find(({ port }) => port !== null) ?? doors[0];
  const url = first?.url ?? "";
  return { url, port: first?.port ?? 0, all, examples: examplesFor({ url, model, needsKey }) };
}

function openServer(visits: Visits, handle: Handler): Server {
  const server = createServer({
    maxHeaderSize: HEAD_LIMIT,
    connectionsCheckingInterval: TIMEOUT_CHECK,
    keepAlive: true,
    keepAliveInitialDelay: PEER_CHECK,
    // Checked by us, for an answer in our own shape.
    requireHostHeader: false,
    insecureHTTPParser: false,
  });
  server.maxHeadersCount = HEADERS_LIMIT + 1;
  server.on("request", (request, response) => void handle(request, response, false));
  server.on("checkContinue", (request, response) => void handle(request, response, true));
  server.on("checkExpectation", (request, response) => void handle(request, response, true));
  server.on("clientError", (error, socket) => onMalformed(error, socket, visits));
  return server;
}

/** A request that is still arriving is told so itself; behind one that is being answered nothing can be said. */
function onMalformed(error: Error, socket: Duplex, visits: Visits): void {
  const refused = refusalOfParser(error);
  const present = visits.on(socket);
  if (refused === null || !socket.writable || isDiscarding(socket)) socket.destroy();
  else if (present.length === 0) answerOnSocket(socket, refused);
  else if (present.every(({ isArriving }) => isArriving)) for (const visit of present) visit.cut(refused);
  else socket.destroy();
}
