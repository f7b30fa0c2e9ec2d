/**
 * A worker that computes nothing: it answers like llama-server, as fast as Node can, so that what a gateway adds is seen
 * (a real engine's own time hides it). Takes llama-server's flags: --host, --port, --api-key-file; and --pace MS.
 *
 * A stream gets the role's event at once, then `max_tokens` events, one every `pace` milliseconds and all streams in the
 * same beat, as an engine that decodes its slots as one batch does; then the final event and [DONE].
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { DONE_EVENT, FINAL_EVENT, HEALTH, plainAnswer, ROLE_EVENT, TOKEN_EVENT, UNAUTHORIZED } from "./llama-words.ts";

const { values: flags } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string" },
    "api-key-file": { type: "string" },
    pace: { type: "string", default: "5" },
  },
});

const authorization = `Bearer ${readFileSync(flags["api-key-file"] ?? "", "utf8").trim()}`;
const streams = new Map<ServerResponse, { left: number }>();

const server = createServer((request, response) => {
  if (request.url === "/health") return sendJson(response, 200, HEALTH);
  if (request.headers.authorization !== authorization) return sendJson(response, 401, UNAUTHORIZED);
  if (request.method === "GET") return sendJson(response, 200, '{"object":"list","data":[]}');
  readBody(request, (body) => answer(response, JSON.parse(body) as { stream?: boolean; max_tokens?: number }));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(flags.port), flags.host, () => console.log(`listening on http://${flags.host}:${flags.port}`));
setInterval(beat, Number(flags.pace));
process.once("SIGTERM", () => process.exit(0));

function answer(
  response: ServerResponse,
  { stream = false, max_tokens: tokens = 1 }: { stream?: boolean; max_tokens?: number },
) {
  if (!stream) return sendJson(response, 200, plainAnswer(tokens));
  response.writeHead(200, { server: "llama.cpp", "content-type": "text/event-stream", "x-accel-buffering": "no" });
  response.write(ROLE_EVENT);
  response.once("close", () => streams.delete(response));
  streams.set(response, { left: tokens });
}

function beat() {
  for (const [response, stream] of streams) {
    stream.left -= 1;
    if (stream.left >= 0) {
      response.write(TOKEN_EVENT);
    } else {
      streams.delete(response);
      response.write(FINAL_EVENT);
      response.end(DONE_EVENT);
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: string) {
  response
    .writeHead(status, {
      server: "llama.cpp",
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
    })
    .end(body);
}

function readBody(request: IncomingMessage, then: (body: string) => void) {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece)).once("end", () => then(Buffer.concat(pieces).toString()));
}
