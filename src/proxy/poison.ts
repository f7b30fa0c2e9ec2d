import { CorralError } from "../errors.ts";
import { nestingDepth } from "./nesting.ts";
import { parsedBody } from "./parsed-body.ts";
import type { UpstreamRequest } from "./sink.ts";

/**
 * Requests that end llama-server's process, or that it can only answer 500. Each limit was found by sending the thing
 * to llama-server v0.5.0: its parsers recurse on its stack, 8 MiB on the machines that were tried.
 */

/** 8,000 groups in a grammar are parsed; 20,000 open parentheses, or 100,000 `?` in a row, are a SIGSEGV. */
const GRAMMAR_OPERATORS = 4_096;
/** 20,000 rules that each name the next (300 KB) are parsed; 100,000 of them are a SIGSEGV. */
const GRAMMAR_BYTES = 64 * 1024;
/** Of a JSON schema: a chain of 5,000 is resolved; 20,000 are a SIGSEGV, however flat the schema looks. */
const REFERENCES = 1_000;

/** A schema 20,000 deep is a SIGSEGV, and one 5,000 deep takes seconds. */
const DEPTH = 1_000;
/** Characters. The pattern of a schema's text with 100,000 `?` is a SIGSEGV. */
const PATTERN = 4_096;

/**
 * For a request that comes without its body parsed: whoever has parsed it has called `refusePoison`, too.
 * @throws CorralError CORRAL_REQUEST_INVALID
 */
export function refuseUnchecked(request: UpstreamRequest): void {
  const { parsed, body } = request;
  if (parsed !== undefined || body === null) return;
  if (nestingDepth(body, DEPTH) > DEPTH) throw refusal(`A body may nest ${DEPTH} levels deep. Send a flatter one.`);
  const value = parsedBody(request);
  if (typeof value === "object" && value !== null) {
    refusePoison(value as Readonly<Record<string, unknown>>, body.toString("utf8"));
  }
}

function refusal(message: string, param: string | null = null): CorralError {
  return new CorralError("CORRAL_REQUEST_INVALID", message, { facts: { status: 400, param } });
}

/** @throws CorralError CORRAL_REQUEST_INVALID, facts { status: 400, param } */
export function refusePoison(body: Readonly<Record<string, unknown>>, text: string): void {
  if (typeof body.grammar === "string") checkGrammar(body.grammar);
  checkValues(body, /\\u[dD][89a-fA-F]/.test(text));
}

function checkGrammar(grammar: string): void {
  if (grammar.length > GRAMMAR_BYTES) {
    throw refusal(`A grammar may have ${GRAMMAR_BYTES} characters. Send a shorter one.`, "grammar");
  }
  // Also those inside literals: whatever tells them apart could be tricked into seeing a literal that is none.
  const operators = grammar.match(/[(?*+{]/g)?.length ?? 0;
  if (operators > GRAMMAR_OPERATORS) {
    throw refusal(`A grammar may have ${GRAMMAR_OPERATORS} groups and repetitions. Send a simpler one.`, "grammar");
  }
}

/** One look at every value, without recursion. `suspicious`: some text may hold half a surrogate pair. */
function checkValues(body: object, suspicious: boolean): void {
  let references = 0;
  const pending: unknown[] = [body];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === "string") {
      if (suspicious && /\p{Surrogate}/u.test(value)) throw refusal("A text holds half a surrogate pair.");
    } else if (typeof value === "number") {
      if (!Number.isFinite(value)) throw refusal("A number is too large.");
    } else if (Array.isArray(value)) {
      for (const item of value) pending.push(item);
    } else if (value !== null && typeof value === "object") {
      for (const [key, item] of Object.entries(value)) {
        if (key === "$ref") references += 1;
        if (key === "pattern" && typeof item === "string" && item.length > PATTERN) {
          throw refusal(`A pattern may have ${PATTERN} characters. Send a shorter one.`);
        }
        if (suspicious) pending.push(key);
        pending.push(item);
      }
    }
  }
  if (references > REFERENCES) {
    throw refusal(`A request may have ${REFERENCES} "$ref" in its schemas. Send a simpler schema.`);
  }
}
