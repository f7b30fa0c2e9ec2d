import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { CorralError } from "../errors.ts";
import { bodyOf, headersOf, refusal, refusalOf } from "./errors.ts";

/** What Node's parser refused, as a client is told it; null for a connection that just broke. */
export function refusalOfParser(error: NodeJS.ErrnoException): CorralError | null {
  const headers = { connection: "close" };
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal(431, "The request's head is too large. Send fewer or shorter headers.", { headers });
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refusal(413, "The chunk extensions are too long. Send none.", { headers });
    case "HPE_INVALID_EOF_STATE":
      return null; // the client went away in the middle of it
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal(408, "The request did not arrive in time. Send it faster.", { headers });
    default:
      return error.code?.startsWith("HPE_") === true
        ? refusal(400, "This is not well-formed HTTP/1.1.", { headers })
        : null;
  }
}

/** How long a client may take to read the answer. */
const LINGER = 1_000;

/** Answers on the bare socket, where no request came to be, and closes it. */
export function answerOnSocket(socket: Duplex, error: CorralError): void {
  const refused = refusalOf(error);
  const body = JSON.stringify(bodyOf(refused, "openai"));
  const headers = {
    ...headersOf(refused),
    "x-request-id": randomUUID(),
    "content-type": "application/json; charset=utf-8",
    "content-length": `${Buffer.byteLength(body)}`,
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // What was sent already is read and thrown away: closing upon unread bytes would reset the connection, answer and all.
  socket.removeAllListeners("data");
  socket.resume();
  socket.end(`HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status]}\r\n${head.join("")}\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once("end", () => socket.destroy());
  socket.once("close", () => clearTimeout(timer));
}
