import type { IncomingHttpHeaders } from "node:http";
import type { UpstreamRequest } from "../proxy/sink.ts";
import { refusal } from "./errors.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)?$/;
const LONGEST = 24 * 3_600_000;
const PRIORITIES = 100;

/**
 * How soon a client wants its answer's first token, and how urgent it is: `x-request-timeout` or the body's `timeout`, in
 * seconds or with a unit, and `x-corral-priority`. The header goes before the body. And whether another worker may go on
 * with its answer: `x-corral-continue`.
 *
 * @throws CorralError with the status 400
 */
export function wishesOf(
  headers: IncomingHttpHeaders,
  body: Readonly<Record<string, unknown>>,
): Pick<UpstreamRequest, "timeout" | "priority" | "continues"> {
  const header = headers["x-request-timeout"];
  const timeout = header === undefined ? timeoutOf(body.timeout, "timeout") : timeoutOf(header, "x-request-timeout");
  const continues = continuesOf(headers["x-corral-continue"]);
  return { timeout, priority: priorityOf(headers["x-corral-priority"]), continues };
}

/** Milliseconds. */
function timeoutOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const [, amount, unit = "s"] = DURATION.exec(typeof value === "number" ? String(value) : textOf(value)) ?? [];
  const timeout = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (timeout > 0 && timeout <= LONGEST) return timeout;
  const message = `"${name}" must be a time above 0 and up to a day: seconds, or a number with ms, s, m or h.`;
  throw refusal(400, message, { param: name });
}

function priorityOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const text = textOf(value);
  if (/^-?\d{1,3}$/.test(text) && Math.abs(Number(text)) <= PRIORITIES) return Number(text);
  const message = `"x-corral-priority" must be a whole number from -${PRIORITIES} to ${PRIORITIES}.`;
  throw refusal(400, message, { param: "x-corral-priority" });
}

function continuesOf(value: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === "on" || value === "off") return value === "on";
  throw refusal(400, '"x-corral-continue" must be "on" or "off".', { param: "x-corral-continue" });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
