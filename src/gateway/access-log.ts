import type { Logger } from "pino";
import type { ExchangeFacts } from "../pool-types.ts";
import type { Answer } from "./answer.ts";
import type { Visit } from "./visit.ts";

/** One line for each request: who, what, how long, by which worker. No prompt, no answer, no key. */
export function logVisit(log: Logger, visit: Visit, answer: Answer, facts: ExchangeFacts | null): void {
  const { startedAt, id, method, path, model, stream, isGone, content } = visit;
  const line = {
    id,
    method,
    path,
    model,
    stream,
    status: answer.status,
    ms: rounded(performance.now() - startedAt),
    firstByteMs: answer.firstByteAt === null ? null : rounded(answer.firstByteAt - startedAt),
    queuedMs: facts === null ? null : rounded(facts.queuedMs),
    bytes: answer.bytes,
    worker: facts?.upstream ?? null,
    continued: facts?.continued ?? 0,
    aborted: isGone,
    error: answer.refused?.code ?? null,
    ...(content === null ? {} : { content }),
  };
  if (answer.refused !== null && answer.refused.status >= 500 && !isGone) log.warn(line, "request");
  else log[isProbe(path) ? "debug" : "info"](line, "request");
}

/** Asked every few seconds by machines: worth a line only to whoever looks for them. */
function isProbe(path: string): boolean {
  return ["/livez", "/readyz", "/health", "/metrics"].includes(path);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
