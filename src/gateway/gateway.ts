import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { GatewayOptions, ResolvedGatewayOptions } from "../config/gateway-options.ts";
import { resolveGatewayOptions } from "../config/resolve.ts";
import { CorralError } from "../errors.ts";
import { refuseSameNames, type ServedModel } from "../served-model.ts";
import { keyCheck } from "./auth.ts";
import { isDiscarding } from "./body.ts";
import { type Examples, examplesFor } from "./examples.ts";
import { createHandler, draining, type Handler } from "./handler.ts";
import { HEADERS_LIMIT } from "./head.ts";
import { readinessOf } from "./health.ts";
import { answerOnSocket, refusalOfParser } from "./malformed.ts";
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
  /** As a client on this machine reaches it: "http://127.0.0.1:8080". */
  readonly url: string;
  readonly port: number;
  /** Of the first model. */
  readonly examples: Examples;
}

/** The HTTP front over pools. It may listen before they are ready: /readyz says when they are. */
export interface Gateway {
  /** @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION */
  listen(): Promise<Address>;
  /** Not ready any more; new requests are refused, running ones finish up to `drainTimeout`. Idempotent. */
  close(): Promise<void>;
  /** Ends all connections now. Idempotent; cuts a `close` short. */
  destroy(): Promise<void>;
}

/** Bytes of a request's line and headers. */
const HEAD_LIMIT = 16 * 1024;
/** Milliseconds between two looks at which clients are too slow. */
const TIMEOUT_CHECK = 1_000;
/** Milliseconds of silence after which the kernel asks whether the client is still there. */
const PEER_CHECK = 30_000;

/** Milliseconds that connections get to take in their last answer. */
const LAST_WORDS = 1_000;

/** @throws CorralError CORRAL_BAD_OPTION */
export function createGateway({ pools, options: given = {}, log, metrics }: GatewayParts): Gateway {
  const options = resolveGatewayOptions(given);
  const models = typeof pools === "function" ? pools : () => pools;
  refuseSameNames(models());
  const visits = new Visits();
  let isDraining = false;
  let url = "";
  const server = openServer(
    options,
    visits,
    createHandler({
      models,
      options,
      log,
      visits,
      checkKey: keyCheck(options.apiKeys),
      metrics: metrics ?? null,
      startedAt: Math.floor(Date.now() / 1000),
      isDraining: () => isDraining,
      readiness: () => readinessOf(models(), isDraining),
      url: () => url,
    }),
  );

  return {
    async listen() {
      await listening(server, options);
      const { port } = server.address() as AddressInfo;
      url = `http://${reachable(options.host)}:${port}`;
      const needsKey = options.apiKeys.length > 0;
      return { url, port, examples: examplesFor({ url, model: models()[0]?.name ?? "", needsKey }) };
    },

    // It goes on listening while it drains: a load balancer asks /readyz, and gets its answer.
    async close() {
      isDraining = true;
      await visits.whenEmpty(options.drainTimeout);
      visits.cut(draining());
      await visits.whenEmpty(LAST_WORDS);
      await closed(server);
    },

    async destroy() {
      isDraining = true;
      await closed(server);
    },
  };
}

function openServer(options: ResolvedGatewayOptions, visits: Visits, handle: Handler): Server {
  const { headersTimeout, bodyTimeout, keepAliveTimeout } = options;
  const server = createServer({
    maxHeaderSize: HEAD_LIMIT,
    headersTimeout,
    // Behind the body's own limit, which answers better.
    requestTimeout: headersTimeout + bodyTimeout + TIMEOUT_CHECK,
    keepAliveTimeout,
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

async function listening(server: Server, { host, port }: ResolvedGatewayOptions): Promise<void> {
  try {
    server.listen({ host, port });
    await once(server, "listening");
  } catch (cause) {
    throw refusedAddress(cause, host, port);
  }
}

function refusedAddress(cause: unknown, host: string, port: number): CorralError {
  const code = (cause as NodeJS.ErrnoException).code;
  const facts = { host, port };
  return code === "EADDRINUSE"
    ? new CorralError(
        "CORRAL_PORT_TAKEN",
        `Port ${port} on ${host} is in use. Choose another with --port, or 0 for a free one.`,
        { cause, facts },
      )
    : new CorralError(
        "CORRAL_BAD_OPTION",
        `Can't listen on ${host} port ${port} (${code}). Choose another with --host and --port.`,
        { cause, facts },
      );
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await done;
}

/** What a client on this machine can put into a URL. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
