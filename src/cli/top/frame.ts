import type { InstanceStatus } from "../../index.ts";
import { formatBytes } from "../terminal/bytes.ts";
import type { Colours } from "../terminal/colour.ts";
import { cut } from "../terminal/cut.ts";
import { loadBetween } from "./cpu-load.ts";
import { cpuMap } from "./cpu-map.ts";
import { crewOf } from "./crew.ts";
import type { Sample } from "./sample.ts";
import { modelTable, workerTable } from "./tables.ts";

export interface FrameOptions {
  /** Of the terminal. A pipe has room for any. */
  readonly size: { readonly columns: number; readonly rows: number };
  readonly colours: Colours;
  /** The last line. Default: none. */
  readonly footer?: string;
}

/** A line of the map that can still be read on a pipe. */
const WIDEST_MAP = 120;

/**
 * The whole picture: lines that fit into the size, or as much as does. Pure.
 * @param samples newest last, at least one
 */
export function renderFrame(samples: readonly Sample[], { size, colours, footer }: FrameOptions): string[] {
  const now = samples.at(-1);
  if (now === undefined) return [];
  const { status, ticks } = now;
  const before = samples.slice(0, -1);
  const crew = crewOf(status, colours);
  const loads = loadBetween(before.at(-1)?.ticks ?? new Map(), ticks);
  const lines = [
    ...heading(status, colours),
    "",
    ...cpuMap({ cpus: status.cpus, crew, loads }, Math.min(size.columns, WIDEST_MAP), colours),
    "",
    ...modelTable(status.models, colours),
    "",
    ...workerTable(crew, before, colours),
  ];
  const end = footer === undefined ? [] : ["", footer];
  return fitted(lines, end, size, colours).map((line) => cut(line, size.columns).trimEnd());
}

function heading({ version, pid, uptime, state, listen, memory }: InstanceStatus, { bold }: Colours): string[] {
  return [
    `${bold(`corral ${version}`)}  ${state}  up ${formatUptime(uptime)}  pid ${pid}  ${listen.join(" ")}`,
    `memory of models, by their plans: ${formatBytes(memory.used)} of ${formatBytes(memory.budget)}`,
  ];
}

/** What does not fit is said to be there, and the end is kept as long as there is room for anything beside it. */
function fitted(
  lines: readonly string[],
  end: readonly string[],
  { rows }: FrameOptions["size"],
  { dim }: Colours,
): readonly string[] {
  if (lines.length + end.length <= rows) return [...lines, ...end];
  const kept = end.slice(-1);
  const room = rows - kept.length - 1;
  if (room < 1) return lines.slice(0, Math.max(0, rows));
  return [...lines.slice(0, room), dim(`… ${lines.length - room} more lines: a taller terminal shows them`), ...kept];
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** "12 s", "5 min", "3 h 20 min", "3 d 4 h". */
function formatUptime(seconds: number): string {
  const at = UNITS.findIndex(([, length]) => seconds >= length);
  const [unit, length] = UNITS[at] ?? ["s", 1];
  const text = `${Math.floor(seconds / length)} ${unit}`;
  const [lower, part] = (at === -1 ? undefined : UNITS[at + 1]) ?? ["", 0];
  const rest = part === 0 ? 0 : Math.floor((seconds % length) / part);
  return rest === 0 ? text : `${text} ${rest} ${lower}`;
}
