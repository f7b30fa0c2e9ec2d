import { CorralError, type ErrorCode } from "../errors.ts";

/** An error as a client is told it. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** Who made it. */
  readonly source: "gateway" | "worker";
  /** Seconds after which asking again makes sense; null where it does not. */
  readonly retryAfter: number | null;
  /** More headers that belong to the status. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Whose conventions an answer follows. */
export type Dialect = "openai" | "anthropic";

export function dialectOf(path: string): Dialect {
  return path.startsWith("/v1/messages") ? "anthropic" : "openai";
}

export interface RefusalFacts {
  /** Default "CORRAL_REQUEST_INVALID". Clients tell errors apart by it. */
  readonly code?: string;
  /** The field that is wrong. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfter?: number;
}

/** A request that the gateway does not take. */
export function refusal(status: number, message: string, facts: RefusalFacts = {}): CorralError {
  return new CorralError("CORRAL_REQUEST_INVALID", message, { facts: { status, ...facts } });
}

type Verdict = readonly [status: number, source: Refusal["source"], retryAfter: number | null];

/** 429 and 503 are tried again by every SDK: they are given only where that may help. */
const VERDICTS: Partial<Record<ErrorCode, Verdict>> = {
  CORRAL_REQUEST_INVALID: [400, "gateway", null],
  CORRAL_REQUEST_KILLS_WORKER: [422, "gateway", null],
  CORRAL_QUEUE_FULL: [429, "gateway", 1],
  CORRAL_TOO_LATE: [429, "gateway", 1],
  CORRAL_POOL_FAILED: [503, "worker", 10],
  CORRAL_POOL_CLOSED: [503, "gateway", 5],
  CORRAL_WORKER_LOST: [502, "worker", null],
  CORRAL_WORKER_FAILED: [503, "worker", 10],
  CORRAL_WORKER_ANSWERED: [502, "worker", null],
  CORRAL_MODEL_MISSING: [503, "gateway", 10],
  CORRAL_MODEL_BROKEN: [503, "gateway", 10],
  CORRAL_MODEL_UNSUPPORTED: [503, "gateway", 10],
  CORRAL_NO_ROOM: [503, "gateway", 10],
  CORRAL_DOES_NOT_FIT: [503, "gateway", 10],
};
const DEFECT: Verdict = [500, "gateway", null];

/** Any error, as the client is told it. What is not a CorralError is a defect, and its message stays in the log. */
export function refusalOf(error: unknown): Refusal {
  const known = error instanceof CorralError ? error : null;
  const [status, source, retryAfter] = (known && VERDICTS[known.code]) ?? DEFECT;
  const facts: RefusalFacts & { readonly status?: number } = known?.facts ?? {};
  const actual = facts.status !== undefined && known?.code === "CORRAL_REQUEST_INVALID" ? facts.status : status;
  return {
    status: actual,
    type: openaiType(actual),
    code: facts.code ?? known?.code ?? "CORRAL_INTERNAL",
    message: known?.message ?? "The gateway failed at this request. The server's log says why, under its x-request-id.",
    param: facts.param ?? null,
    source,
    retryAfter: facts.retryAfter === undefined ? retryAfter : Math.max(1, Math.ceil(facts.retryAfter)),
    headers: facts.headers ?? {},
  };
}

export function headersOf({ source, retryAfter, headers }: Refusal): Record<string, string> {
  return {
    ...headers,
    "x-corral-error-source": source,
    ...(retryAfter === null ? {} : { "retry-after": `${retryAfter}` }),
  };
}

/** The error object of a dialect; `source` is ours, in both. */
export function bodyOf(refused: Refusal, dialect: Dialect): unknown {
  const { message, type, param, code, source, status } = refused;
  return dialect === "openai"
    ? { error: { message, type, param, code, source } }
    : { type: "error", error: { type: anthropicType(status), message, source } };
}

/** The last event of a stream that can't go on. */
export function eventOf(refused: Refusal, dialect: Dialect): string {
  const data = `data: ${JSON.stringify(bodyOf(refused, dialect))}\n\n`;
  return dialect === "openai" ? data : `event: error\n${data}`;
}

function openaiType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}
