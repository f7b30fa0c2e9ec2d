import { type DestinationStream, destination, type Logger, pino } from "pino";
import { isJournal, journalLine } from "../index.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";

const STDERR = 2;

/**
 * The log of a server, on stderr: a line of JSON each, or plain ones where a person reads along, or those of systemd's
 * journal.
 */
export function openLog(level: string): Logger {
  return pino({ level, base: null }, process.stderr.isTTY ? readable(process.stderr) : unread());
}

/** Not synchronous: a reader that stops reading must not stop the server. */
function unread(): DestinationStream {
  const stream = destination({ dest: STDERR, sync: false });
  return isJournal(STDERR) ? { write: (line) => void stream.write(journalLine(line)) } : stream;
}

function readable(stream: NodeJS.WriteStream): DestinationStream {
  const colours = coloursFor(stream);
  return { write: (line) => void stream.write(`${readableLine(line, colours)}\n`) };
}

/** "12:00:01 warn worker failed worker=echo#0.0 reason=killed": a line of JSON for a person. */
export function readableLine(json: string, { dim, red, yellow }: Colours): string {
  const { level, time, msg, err, ...facts } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const paint = Number(level) >= 50 ? red : Number(level) >= 40 ? yellow : (text: string) => text;
  const pairs = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const stack = (err as { stack?: string } | undefined)?.stack;
  const label = pino.levels.labels[Number(level)] ?? level;
  const parts = [dim(clock), paint(`${label} ${msg}`), ...(pairs.length > 0 ? [dim(pairs.join(" "))] : [])];
  return `${parts.join(" ")}${stack === undefined ? "" : `\n${stack}`}`;
}
