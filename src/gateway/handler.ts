import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { ResolvedGatewayOptions } from "../config/gateway-options.ts";
import { CorralError } from "../errors.ts";
import type { ExchangeFacts } from "../pool-types.ts";
import type { ServedModel } from "../served-model.ts";
import { logVisit } from "./access-log.ts";
import { Answer } from "./answer.ts";
import type { KeyCheck } from "./auth.ts";
import { discardRest, readBody } from "./body.ts";
import { checkBody } from "./check.ts";
import { Content } from "./content.ts";
import { dialectOf, refusal } from "./errors.ts";
import { checkBodyHead, checkHead } from "./head.ts";
import { llamaHealth, type Readiness } from "./health.ts";
import { describeModel, listModels, modelFor } from "./models.ts";
import { PAGE_HEADERS, page } from "./page.ts";
import { isOpen, routeOf, type WorkPath } from "./routes.ts";
import { Visit } from "./visit.ts";
import type { Visits } from "./visits.ts";
import { wishesOf } from "./wishes.ts";

/** What the handler needs of the gateway around it. */
export interface Surroundings {
  /** As they are now. */
  readonly models: () => readonly ServedModel[];
  /** As they are now. */
  readonly options: () => ResolvedGatewayOptions;
  readonly log: Logger;
  readonly checkKey: KeyCheck;
  /** Prometheus text; null where nobody measures. */
  readonly metrics: (() => Promise<string>) | null;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Whether each answer is to be the last one on its connection. */
  readonly isDraining: () => boolean;
  /** Whether new requests are refused. */
  readonly isRefusing: () => boolean;
  readonly readiness: () => Readiness;
  /** The address that it listens on. */
  readonly url: () => string;
  readonly visits: Visits;
}

/** Headers that mean something to the engine; the rest of what a client sends is nobody's business behind here. */
const FORWARDED = ["content-type", "accept", "user-agent", "anthropic-version", "anthropic-beta"];

/** @param wantsContinue the client sends its body only when told to (`expect: 100-continue`) */
export type Handler = (request: IncomingMessage, response: ServerResponse, wantsContinue: boolean) => Promise<void>;

/** Answers one request after the other, whatever happens to it; never rejects. */
export function createHandler(around: Surroundings): Handler {
  const { log } = around;
  return async (request, response, wantsContinue) => {
    const visit = new Visit(request, response);
    const content = around.options().logContent ? new Content() : null;
    visit.content = content;
    const answer = new Answer(response, dialectOf(visit.path), content && ((chunk) => content.answer(chunk)));
    response.setHeader("x-request-id", visit.id);
    // A client that waits for leave to send its body and gets an error instead may send it or not: nobody can tell.
    if (wantsContinue || around.isDraining()) response.setHeader("connection", "close");
    around.visits.enter(visit);

    let facts: ExchangeFacts | null = null;
    try {
      facts = await answerVisit(around, visit, answer, { request, response, wantsContinue });
    } catch (error) {
      if (!visit.isGone && !(error instanceof CorralError)) log.error({ id: visit.id, err: error }, "defect");
      answer.fail(error);
    }
    discardRest(request);
    logVisit(log, visit, answer, facts);
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly wantsContinue: boolean;
}

async function answerVisit(
  around: Surroundings,
  visit: Visit,
  answer: Answer,
  exchange: Exchange,
): Promise<ExchangeFacts | null> {
  const { startedAt, checkKey, metrics } = around;
  const { request } = exchange;
  checkHead(request);
  const route = routeOf(visit.method, request.url ?? "");
  if (!isOpen(route)) checkKey(request.headers);
  switch (route.kind) {
    case "work":
      return await work(around, visit, answer, exchange, route.path);
    case "models":
      answer.json(200, listModels(around.models(), startedAt));
      return null;
    case "model":
      answer.json(200, describeModel(modelFor(around.models(), route.id), startedAt));
      return null;
    case "live":
      answer.json(200, { status: "ok" });
      return null;
    case "ready": {
      const { isReady, state, models } = around.readiness();
      answer.json(isReady ? 200 : 503, { status: state, models });
      return null;
    }
    case "health": {
      const readiness = around.readiness();
      answer.json(readiness.isReady ? 200 : 503, llamaHealth(readiness));
      return null;
    }
    case "metrics":
      if (metrics === null) throw refusal(404, "This server measures nothing.");
      answer.text(200, "text/plain; version=0.0.4", await metrics());
      return null;
    case "page":
      answer.text(200, "text/html", page(pageFacts(around, request)), PAGE_HEADERS);
      return null;
    case "wrong-method":
      throw refusal(405, `${visit.path} takes ${route.allow}.`, { headers: { allow: route.allow } });
    case "unknown":
      throw refusal(404, "There is nothing at this path. GET / says what is.");
  }
}

/** Reads, checks, routes and forwards: a worker sees nothing that has not passed all of it. */
async function work(
  around: Surroundings,
  visit: Visit,
  answer: Answer,
  { request, response, wantsContinue }: Exchange,
  path: WorkPath,
): Promise<ExchangeFacts> {
  const options = around.options();
  if (around.isRefusing()) throw draining();
  checkBodyHead(request, options.bodyLimit);
  if (wantsContinue) {
    response.writeContinue();
    response.removeHeader("connection");
  }
  const body = await readBody(request, {
    limit: options.bodyLimit,
    timeout: options.bodyTimeout,
    signal: visit.signal,
  });
  visit.content?.ask(body);

  const { model, stream, parsed } = checkBody(path, body, options);
  visit.stream = stream;
  const pool = modelFor(around.models(), model);
  visit.model = pool.name;
  if (pool.state === "starting") throw loading(pool.name);
  const headers = { ...forwarded(request), "x-request-id": visit.id };
  const asked = { method: "POST", path, headers, body, parsed, ...wishesOf(request.headers, parsed) } as const;
  return await pool.exchange(asked, answer, { signal: visit.signal });
}

function forwarded({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    FORWARDED.flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

function pageFacts(around: Surroundings, { headers }: IncomingMessage) {
  const host = headers.host ?? "";
  return {
    models: around.models().map((pool) => ({ name: pool.name, state: pool.state })),
    // The name that the browser came by, where it is one: it stands in a command to paste.
    url: /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/.test(host) ? `http://${host}` : around.url(),
    needsKey: around.options().apiKeys.length > 0,
  };
}

function loading(model: string): CorralError {
  return refusal(503, `The model "${model}" is loading. Ask again in a moment.`, {
    code: "model_loading",
    retryAfter: 2,
  });
}

/** Said to new requests and to those that a drain can't wait for. */
export function draining(): CorralError {
  return new CorralError("CORRAL_POOL_CLOSED", "This server is shutting down. Ask again in a moment.");
}
