import { Command } from "commander";
import { formatCpuList, type InstanceStatus, type ModelStatus } from "../index.ts";
import { adminOption, EXIT_CODES, type RunningFlags, running } from "./running.ts";
import { formatBytes } from "./terminal/bytes.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";
import { type Column, table } from "./terminal/table.ts";

const EXAMPLES = `
Examples:
  corral status                                        how the corral on this machine is
  corral status --json | jq '.models[] | [.name, .state]'
  corral status --admin /run/corral/admin.sock         of another one
${EXIT_CODES}`;

export function statusCommand(): Command {
  return new Command("status")
    .description("show how the running corral is: models, workers, slots, queue, memory")
    .addOption(adminOption())
    .option("--json", "print all that is known as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async ({ json, ...flags }: RunningFlags & { json?: true }) => {
      const status = await (await running(flags)).status();
      const text = json ? JSON.stringify(status, null, 2) : renderStatus(status, coloursFor(process.stdout));
      process.stdout.write(`${text}\n`);
    });
}

/** Pure. */
export function renderStatus(status: InstanceStatus, colours: Colours): string {
  const { models } = status;
  const failures = models.flatMap((model) => failureLines(model, colours));
  return [
    instanceLines(status, colours),
    table(
      MODEL_COLUMNS,
      models.map((model) => modelCells(model, colours)),
    ),
    ...(models.some(({ workers }) => workers.length > 0) ? [workerTable(models, colours)] : []),
    ...(failures.length > 0 ? [failures.join("\n")] : []),
  ].join("\n\n");
}

function instanceLines(status: InstanceStatus, colours: Colours): string {
  const { version, pid, uptime, state, listen, files, cpus, memory } = status;
  const facts = [
    `corral ${version}: ${paintState(state, colours)} for ${duration(uptime)}, pid ${pid}, on ${listen.join(", ")}`,
    `memory ${formatBytes(memory.used)} of ${formatBytes(memory.budget)} by the plans, CPUs ${formatCpuList(cpus)}`,
    ...(files.length > 0 ? [`configured by ${files.join(", ")}`] : []),
  ];
  return facts.join("\n");
}

const right = (title: string): Column => ({ title, align: "right" });

const MODEL_COLUMNS: readonly Column[] = [
  ...[{ title: "MODEL" }, { title: "STATE" }],
  ...["WORKERS", "SLOTS", "QUEUE", "MEMORY", "SERVED", "LOST", "RESTARTS"].map(right),
];

function modelCells(model: ModelStatus, colours: Colours): string[] {
  const { name, aliases, state, workers, plan, slots, queued, queueLimit, served, lost, restarts } = model;
  return [
    aliases.length > 0 ? `${name} (${aliases.join(", ")})` : name,
    paintState(state, colours),
    `${workers.length}/${plan?.workers ?? "-"}`,
    `${slots.busy}/${slots.total}`,
    `${queued}/${queueLimit}`,
    plan === null ? "-" : formatBytes(plan.bytes),
    ...[served, lost, restarts].map(String),
  ];
}

const WORKER_COLUMNS: readonly Column[] = [
  ...[{ title: "WORKER" }, right("PID"), { title: "STATE" }, { title: "CPUS" }],
  ...["SLOTS", "SERVED", "RESTARTS"].map(right),
];

function workerTable(models: readonly ModelStatus[], colours: Colours): string {
  const workers = models.flatMap((model) => model.workers);
  const rows = workers.map(({ id, pid, state, cpus, inFlight, slots, served, restarts }) => [
    ...[id, pid === null ? "-" : `${pid}`, paintState(state, colours)],
    ...[cpus.length === 0 ? "all" : formatCpuList(cpus), `${inFlight}/${slots}`, `${served}`, `${restarts}`],
  ]);
  return table(WORKER_COLUMNS, rows);
}

function failureLines({ workers }: ModelStatus, { yellow }: Colours): string[] {
  return workers.flatMap(({ id, lastFailure }) =>
    lastFailure === null ? [] : [yellow(`worker before ${id}: ${lastFailure.message}`)],
  );
}

function paintState(state: string, { green, red, yellow }: Colours): string {
  if (state === "ready") return green(state);
  return state === "failed" ? red(state) : state === "idle" ? state : yellow(state);
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** "3 s", "5 min", "2 h 10 min", "12 d 3 h": the two largest units. */
export function duration(seconds: number): string {
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[at] ?? ["s", 1];
  const rest = UNITS[at + 1];
  const more = at === -1 || rest === undefined ? 0 : Math.floor((seconds % size) / rest[1]);
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return more === 0 || rest === undefined ? text : `${text} ${more} ${rest[0]}`;
}
