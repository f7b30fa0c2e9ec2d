import { formatCpuList, type ModelStatus } from "../../index.ts";
import { formatBytes } from "../terminal/bytes.ts";
import type { Colours, Paint } from "../terminal/colour.ts";
import { formatFigure, formatSeconds } from "../terminal/figure.ts";
import { type Column, table } from "../terminal/table.ts";
import { type Hand, paintOf } from "./crew.ts";
import { cpuShare, type Sample } from "./sample.ts";

const UNKNOWN = "-";

const left = (title: string): Column => ({ title });
const right = (title: string): Column => ({ title, align: "right" });

const MODEL_COLUMNS = [
  left("MODEL"),
  left("STATE"),
  right("WORKERS"),
  right("SLOTS"),
  right("QUEUE"),
  right("TOK/S"),
  right("TTFT P50"),
  right("P95"),
  right("SERVED"),
  right("LOST"),
];

/** Rates and times are those of the last minute. Pure. */
export function modelTable(models: readonly ModelStatus[], colours: Colours): string[] {
  const rows = models.map((model, index) => {
    const { name, state, workers, plan, slots, queued, recent, served, lost } = model;
    const ready = workers.filter((worker) => worker.state === "ready").length;
    return [
      paintOf(index, colours)(name),
      paintOfState(state, colours)(state),
      `${ready}/${Math.max(workers.length, plan?.workers ?? 0)}`,
      `${slots.busy}/${slots.total}`,
      `${queued}`,
      formatFigure(recent.tokensPerSecond),
      milliseconds(recent.firstTokenMs?.p50),
      milliseconds(recent.firstTokenMs?.p95),
      `${served}`,
      lost > 0 ? colours.red(`${lost}`) : "0",
    ];
  });
  return table(MODEL_COLUMNS, rows).split("\n");
}

const WORKER_COLUMNS = [
  left(""),
  left("WORKER"),
  right("PID"),
  left("CPUS"),
  left("STATE"),
  right("SLOTS"),
  right("MEMORY"),
  right("CPU"),
  right("RESTARTS"),
];

/** Memory is what the worker takes with its share of what is shared. Pure. @param before see cpuShare */
export function workerTable(crew: readonly Hand[], before: readonly Sample[], colours: Colours): string[] {
  const rows = crew.map(({ worker, model, sign, paint }) => {
    const { replica, pid, cpus, state, slots, inFlight, footprint, restarts } = worker;
    const share = cpuShare(worker, before);
    const memory = footprint?.pss ?? footprint?.rss ?? null;
    return [
      paint(sign),
      `${model} ${replica}`,
      pid === null ? UNKNOWN : `${pid}`,
      cpus.length === 0 ? UNKNOWN : formatCpuList(cpus),
      paintOfState(state, colours)(state),
      `${inFlight}/${slots}`,
      memory === null ? UNKNOWN : formatBytes(memory),
      share === null ? UNKNOWN : `${Math.round(share * 100)}%`,
      restarts > 0 ? colours.yellow(`${restarts}`) : "0",
    ];
  });
  return table(WORKER_COLUMNS, rows).split("\n");
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? UNKNOWN : formatSeconds(value / 1000);
}

function paintOfState(state: string, { green, red, yellow, dim }: Colours): Paint {
  if (state === "ready") return green;
  if (state === "failed") return red;
  return state === "starting" ? yellow : dim;
}
