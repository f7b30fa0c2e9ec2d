import type { IncomingMessage } from "node:http";
import { tooLarge } from "./body.ts";
import { refusal } from "./errors.ts";

/** Header lines of one request; Node would drop those beyond its own limit without a word. */
export const HEADERS_LIMIT = 100;

/** What a request's head must be before anything else is looked at. Node's parser has refused the rest. */
export function checkHead(request: IncomingMessage): void {
  if (request.rawHeaders.length / 2 > HEADERS_LIMIT) {
    throw closing(431, `A request may have ${HEADERS_LIMIT} headers. Send fewer.`);
  }
  if (!["1.0", "1.1"].includes(request.httpVersion)) throw closing(400, "Speak HTTP/1.1.");
  const hosts = request.headersDistinct.host?.length ?? 0;
  if (hosts > 1 || (hosts === 0 && request.httpVersion === "1.1")) {
    throw closing(400, "A request needs exactly one Host header.");
  }
  const { expect = "100-continue" } = request.headers;
  if (expect.toLowerCase() !== "100-continue") throw closing(417, "Expect nothing but 100-continue.");
  if (!request.url?.startsWith("/")) throw closing(400, "The request's target must be a path.");
}

/** What a head must say of the body behind it, so that nobody sends one in vain. */
export function checkBodyHead({ headers }: IncomingMessage, limit: number): void {
  if (Number(headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw refusal(415, "Bodies are taken uncompressed. Send it without content-encoding.", {
      headers: { "accept-encoding": "identity" },
    });
  }
  const type = headers["content-type"];
  if (type !== undefined && !isJson(type)) {
    throw refusal(415, "Bodies are JSON in UTF-8. Send it with `content-type: application/json`.");
  }
}

function isJson(contentType: string): boolean {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith("charset="));
  const isUtf8 = charset === undefined || ["utf-8", '"utf-8"', "utf8"].includes(charset.slice("charset=".length));
  return isUtf8 && /^application\/([a-z0-9.-]+\+)?json$/.test(type.trim());
}

/** Where one request is malformed so is what follows on its connection. */
function closing(status: number, message: string) {
  return refusal(status, message, { headers: { connection: "close" } });
}
