import type { IncomingMessage } from "node:http";
import { refusal } from "./errors.ts";

export interface BodyLimits {
  /** Bytes. */
  readonly limit: number;
  /** Milliseconds for the whole body, however steadily it trickles. */
  readonly timeout: number;
  /** The client has gone: rejects with its reason. */
  readonly signal: AbortSignal;
}

/** Reads the whole body. @throws CorralError with the status 400, 408 or 413 */
export async function readBody(request: IncomingMessage, { limit, timeout, signal }: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    let size = 0;
    const timer = setTimeout(() => settle(tooSlow(timeout)), timeout);
    const onAbort = () => settle(signal.reason);
    const onEnd = () => settle(request.rawTrailers.length > 0 ? trailers() : undefined);
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) settle(tooLarge(limit));
      else chunks.push(chunk);
    };
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      request.off("data", onData).off("end", onEnd);
      if (error === undefined) return resolve();
      chunks.length = 0;
      reject(error);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    // A connection that breaks is told by the signal.
    request
      .on("data", onData)
      .on("end", onEnd)
      .on("error", () => {});
  });
  return Buffer.concat(chunks);
}

/** How long an answered client may go on sending: long enough to read the answer, which a reset would destroy. */
const LINGER = 2_000;

const discarding = new WeakSet<object>();

/** Lets the client send the rest of a body that nobody reads, for a little while. */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  discarding.add(request.socket);
  request.once("end", () => discarding.delete(request.socket));
  request.on("error", () => {});
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER).unref();
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => clearTimeout(timer));
}

export function tooLarge(limit: number) {
  return refusal(413, `The body is larger than this server's limit of ${limit} bytes. Send less.`, {
    code: "request_too_large",
  });
}

/** Whether what comes on this connection belongs to a request that has its answer already. */
export function isDiscarding(socket: object): boolean {
  return discarding.has(socket);
}

function tooSlow(timeout: number) {
  return refusal(408, `The body did not arrive within ${timeout} ms. Send it faster.`, {
    code: "request_timeout",
    headers: { connection: "close" },
  });
}

/** Nobody needs them, and what two servers make of them differently is an attack. */
function trailers() {
  return refusal(400, "Trailers behind a body are not taken. Send headers in front.", {
    headers: { connection: "close" },
  });
}
