import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { CorralError, type ErrorCode } from "../errors.ts";
import type { Administered } from "./administered.ts";
import { adminRoute, invalid } from "./routes.ts";
import { openSocket } from "./socket.ts";

export interface AdminParts {
  readonly administered: Administered;
  readonly log: Logger;
  /** Default: where commands look by themselves. */
  readonly path?: string | undefined;
  /** Whether this process succeeds another one, whose socket it takes over. Default false. */
  readonly isSuccessor?: boolean;
}

/** The admin API: HTTP over a Unix socket of this user's own. */
export interface Admin {
  readonly path: string;
  /** Cuts what is still being answered; what was asked for goes on. */
  close(): Promise<void>;
}

const BODY_LIMIT = 4_096;
const scaleBody = z.strictObject({ workers: z.union([z.number().int().positive(), z.literal("auto")]) });

const STATUS: Partial<Record<ErrorCode, number>> = {
  CORRAL_BAD_OPTION: 400,
  CORRAL_REQUEST_INVALID: 400,
  CORRAL_DOES_NOT_FIT: 409,
  CORRAL_POOL_CLOSED: 503,
};

/** @throws CorralError CORRAL_PORT_TAKEN where a given path is another's, CORRAL_BAD_OPTION */
export async function openAdmin({ administered, log, path, isSuccessor = false }: AdminParts): Promise<Admin> {
  const server = createServer((request, response) => void answer({ administered, log, request, response }));
  const socket = await openSocket(server, { path, isSuccessor }, log);
  log.debug({ path: socket.path }, "admin socket is open");
  return {
    path: socket.path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await socket.remove();
    },
  };
}

interface Visit {
  readonly administered: Administered;
  readonly log: Logger;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Never rejects. */
async function answer(visit: Visit): Promise<void> {
  const { response, log } = visit;
  try {
    await act(visit);
  } catch (error) {
    if (!(error instanceof CorralError)) log.error({ err: error }, "defect");
    if (response.headersSent) response.destroy();
    else json(response, statusOf(error), { error: plain(error) });
  }
}

async function act({ administered, log, request, response }: Visit): Promise<void> {
  const route = adminRoute(request.method ?? "", request.url ?? "");
  switch (route.kind) {
    case "status":
      return json(response, 200, await administered.status());
    case "reload":
      return json(response, 200, await audited(log, { action: "reload" }, () => administered.reload()));
    case "upgrade":
      return json(response, 200, await audited(log, { action: "upgrade" }, () => administered.upgrade()));
    case "restart": {
      const { model } = route;
      await audited(log, { action: "restart", model }, () => administered.restart(model));
      return json(response, 200, {});
    }
    case "scale": {
      const { model } = route;
      const { workers } = await readScale(request);
      await audited(log, { action: "scale", model, workers }, () => administered.scale(model, workers));
      return json(response, 200, {});
    }
    case "pardon": {
      const { model } = route;
      const pardoned = await audited(log, { action: "pardon", model }, () => administered.pardon(model));
      return json(response, 200, { pardoned });
    }
    case "logs": {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      return await stream(response, administered.logs(route.model, { ...route.query, signal: gone.signal }));
    }
  }
}

/**
 * One line in the log for each action, when it is over. Who may reach the socket is this process' own user and root;
 * which of them it was, nobody can prove.
 */
async function audited<T>(log: Logger, what: Record<string, unknown>, run: () => Promise<T>): Promise<T> {
  const since = performance.now();
  const tell = (outcome: string): void => {
    const ms = Math.round(performance.now() - since);
    log.info({ ...what, outcome, ms, uid: process.getuid?.() ?? null }, `admin: ${what.action}`);
  };
  try {
    const result = await run();
    tell("done");
    return result;
  } catch (error) {
    tell(error instanceof CorralError ? error.code : "CORRAL_INTERNAL");
    throw error;
  }
}

/** A line of JSON for each. The head goes out at once: who follows may wait long for a first line. */
async function stream(response: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  const texts = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  };
  try {
    await pipeline(texts, response);
  } catch (error) {
    // The reader has left.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

async function readScale(request: IncomingMessage): Promise<z.output<typeof scaleBody>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw invalid(413, `The body is larger than ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  const result = scaleBody.safeParse(parsed(Buffer.concat(chunks).toString("utf8")));
  if (result.success) return result.data;
  throw invalid(400, 'The body must be {"workers": N}, a whole number of at least 1, or {"workers": "auto"}.');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(value)}\n`);
}

function statusOf(error: unknown): number {
  if (!(error instanceof CorralError)) return 500;
  return typeof error.facts.status === "number" ? error.facts.status : (STATUS[error.code] ?? 500);
}

function plain(error: unknown): unknown {
  if (error instanceof CorralError) return error.toJSON();
  return { code: "CORRAL_INTERNAL", message: "A defect of corral: see its log, and report it, please.", facts: {} };
}
