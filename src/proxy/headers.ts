import type { IncomingHttpHeaders } from "node:http";

type AnswerHeaders = Record<string, string | string[]>;

/** Meant for one connection only: RFC 9110, 7.6.1, and those of its predecessors that are still sent. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const NOT_FOR_THE_WORKER = new Set([
  ...HOP_BY_HOP,
  /** The client library writes its own. */
  "host",
  "content-length",
  /** The body is here already: nothing to wait for. */
  "expect",
  /** The client's key is for the gateway; the worker has one of its own. */
  "authorization",
  "x-api-key",
  /** With it llama-server keeps the stream for anyone to replay. */
  "x-conversation-id",
  /** Bytes pass through unread, so what the worker compresses would be compressed by nobody's choice. */
  "accept-encoding",
]);

const NOT_FOR_THE_CLIENT = new Set([...HOP_BY_HOP, "server"]);

/** Cross-origin rules are the gateway's to make: the worker does not know who may ask. */
const CORS = "access-control-";

/** Headers for the worker as undici takes them: name, value, name, value. */
export function toWorker(headers: Readonly<Record<string, string>>, key: string): string[] {
  const named = namedByConnection(headers.connection);
  const result = ["authorization", `Bearer ${key}`];
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !NOT_FOR_THE_WORKER.has(name) && !named.has(name)) result.push(name, value);
  }
  return result;
}

/** Headers of the worker's answer for whoever asked. */
export function toClient(headers: IncomingHttpHeaders): AnswerHeaders {
  const named = namedByConnection(headers.connection);
  const result: AnswerHeaders = {};
  for (const name in headers) {
    const value = headers[name];
    const isOurs = NOT_FOR_THE_CLIENT.has(name) || named.has(name) || name.startsWith(CORS);
    if (value !== undefined && !isOurs) result[name] = value;
  }
  return result;
}

const NONE: ReadonlySet<string> = new Set();

/** "close, X-Trace" names x-trace as hop-by-hop. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}
