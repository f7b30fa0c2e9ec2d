import { isUtf8 } from "node:buffer";
import { nestingDepth } from "../proxy/nesting.ts";
import { refusePoison } from "../proxy/poison.ts";
import { refusal } from "./errors.ts";
import { checkFields } from "./fields.ts";
import type { WorkPath } from "./routes.ts";

/** What the gateway wants to know of a body. Its bytes go on to the worker as they came. */
export interface Checked {
  /** Null where the body names none. */
  readonly model: string | null;
  readonly stream: boolean;
  /** All of it. */
  readonly parsed: Readonly<Record<string, unknown>>;
}

/** Everything that a worker must not see is refused here. @throws CorralError with the status 400 */
export function checkBody(path: WorkPath, bytes: Buffer, { jsonDepth }: { readonly jsonDepth: number }): Checked {
  if (bytes.length === 0) throw refusal(400, "The body is empty. Send a JSON object.");
  if (!isUtf8(bytes)) throw refusal(400, "The body is not valid UTF-8.");
  if (nestingDepth(bytes, jsonDepth) > jsonDepth) {
    throw refusal(400, `The body nests deeper than ${jsonDepth} levels. Send a flatter one.`);
  }
  const text = bytes.toString("utf8");
  const body = parse(text);
  checkFields(path, body);
  refusePoison(body, text);
  return { model: typeof body.model === "string" ? body.model : null, stream: body.stream === true, parsed: body };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's own message quotes the body, and this one is logged.
    const place = /position (\d+)/.exec(String(error))?.[1];
    throw refusal(400, `The body is not valid JSON${place === undefined ? "" : `: look at character ${place}`}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refusal(400, "The body must be a JSON object.");
}
