import { fstatSync } from "node:fs";

/** Whether what is written to this descriptor ends up in systemd's journal by itself. */
export function isJournal(descriptor: number, { JOURNAL_STREAM }: NodeJS.ProcessEnv = process.env): boolean {
  if (!JOURNAL_STREAM) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Of syslog, by pino's levels: fatal, error, warn, info; the rest is debug. */
const PRIORITIES: readonly (readonly [number, number])[] = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
];

/**
 * `<4>worker failed worker=echo#0.0 reason=killed`: a line of JSON as the journal takes it, which has a clock of its
 * own. Each line of a stack gets the priority again, for each is an entry. Pure.
 */
export function journalLine(json: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(json) as Record<string, unknown>;
  const priority = PRIORITIES.find(([least]) => Number(level) >= least)?.[1] ?? 7;
  const pairs = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(
      ([key, value]) =>
        `${key}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  const stack = (err as { stack?: string } | undefined)?.stack?.split("\n") ?? [];
  const head = [String(msg).replaceAll(/\s+/g, " "), ...pairs].join(" ");
  return [head, ...stack].map((line) => `<${priority}>${line}\n`).join("");
}
