import { CorralError } from "../errors.ts";
import { shapesFor } from "./concessions.ts";
import type { Fitting } from "./fitting.ts";
import type { MemoryLedger } from "./plan.ts";
import { advise, mebibytes } from "./quantisations.ts";
import type { LackOfSeats } from "./seats.ts";
import type { Shape } from "./shape.ts";

interface Sized {
  readonly shape: Shape;
  readonly ledger: MemoryLedger;
}

/**
 * The best shape that fits. What is fixed is never changed.
 *
 * @throws CorralError CORRAL_DOES_NOT_FIT with the smallest shape allowed, its ledger and the nearest plan that fits when
 * nothing is fixed; where none does, the message says what would.
 */
export function fitMemory(fitting: Fitting): { shape: Shape; warnings: string[] } {
  const best = shrink(fitting);
  if (!fits(best)) throw doesNotFit(best, fitting);
  return { shape: best.shape, warnings: warningsOf(fitting.wanted, best.shape) };
}

/** The refusal of more threads than there are CPUs, with what they would take of memory. */
export function doesNotSeat(fitting: Fitting, { need, cpus, asked, nearest }: LackOfSeats): CorralError {
  const seated = { ...fitting, wanted: { ...fitting.wanted, workers: nearest.workers ?? 1 }, threads: nearest.threads };
  const flags = [asked.workers && `--workers ${asked.workers}`, asked.threads && `--threads ${asked.threads}`];
  const refusal = `${flags.filter(Boolean).join(" ")} takes ${need} CPUs, and ${cpus} may be used.`;
  return doesNotFit(shrink(fitting), seated, { need, cpus, refusal });
}

/** The first of all shapes that fits; where none does, the smallest. */
function shrink(fitting: Fitting): Sized {
  let smallest: Sized | null = null;
  for (const shape of shapesFor(fitting.wanted, fitting)) {
    const sized = { shape, ledger: fitting.ledgerOf(shape) };
    if (fits(sized)) return sized;
    if (smallest === null || sized.ledger.peak <= smallest.ledger.peak) smallest = sized;
  }
  return smallest ?? { shape: fitting.wanted, ledger: fitting.ledgerOf(fitting.wanted) };
}

function fits({ ledger }: Sized): boolean {
  return ledger.peak <= ledger.budget;
}

function doesNotFit(
  { shape, ledger }: Sized,
  fitting: Fitting,
  { refusal, ...cpus }: { refusal?: string; need?: number; cpus?: number } = {},
): CorralError {
  const { wanted, threads, parameters } = fitting;
  const free = shrink({ ...fitting, fixed: new Set() });
  const nearest = fits(free) ? { ...free.shape, ...(threads === undefined ? {} : { threads }) } : null;
  const message = [
    refusal,
    `${fits({ shape, ledger }) ? "A" : "The smallest"} plan of this kind (${flagsOf(shape, wanted)}) takes ${mebibytes(ledger.peak)} of memory, and`,
    `${mebibytes(ledger.budget)} may be used: ${itemsOf(ledger, shape.workers).join(", ")}.`,
    nearest
      ? `The nearest that fits: ${flagsOf(nearest, wanted)}.`
      : advise(free.ledger, free.shape.workers, parameters),
  ];
  const facts = { ...cpus, shape, ledger, nearest };
  return new CorralError("CORRAL_DOES_NOT_FIT", message.filter(Boolean).join(" "), { facts });
}

function itemsOf(ledger: MemoryLedger, workers: number): string[] {
  const each = [
    ["weights", ledger.unpacked],
    ["repacked weights", ledger.repacked],
    ["keys and values", ledger.kv],
    ["compute buffers", ledger.compute],
    ["prompt cache", ledger.promptCache],
  ] as const;
  return [
    ...(ledger.file > 0 ? [`${mebibytes(ledger.file)} of file pages`] : []),
    ...each.flatMap(([what, bytes]) => (bytes > 0 ? [`${workers} x ${mebibytes(bytes)} of ${what}`] : [])),
    `${mebibytes(ledger.headroom)} kept free`,
  ];
}

/** As the command line has it; what is as it was wished is left out where that has gone without saying. */
function flagsOf(shape: Shape & { readonly threads?: number }, wanted: Shape): string {
  const { workers, threads, slots, context, repack, keyValueType } = shape;
  return [
    `--workers ${workers}${threads === undefined ? "" : ` --threads ${threads}`} --slots ${slots} --context ${context}`,
    ...(keyValueType === wanted.keyValueType ? [] : [`--key-value-type ${keyValueType}`]),
    ...(repack === wanted.repack ? [] : [`--repack ${repack}`]),
  ].join(" ");
}

/** What was given up, for people. */
function warningsOf(before: Shape, after: Shape): string[] {
  const requests = (shape: Shape) => shape.workers * shape.slots;
  const what = [
    after.workers !== before.workers &&
      `${after.workers} of ${before.workers} workers, each for ${after.slots} request${after.slots === 1 ? "" : "s"} at once.`,
    requests(after) < requests(before) &&
      `${requests(after)} request${requests(after) === 1 ? "" : "s"} at once instead of ${requests(before)}.`,
    after.context !== before.context && `a request may use ${after.context} tokens instead of ${before.context}.`,
    after.keyValueType !== before.keyValueType &&
      `keys and values are kept in ${after.keyValueType} instead of ${before.keyValueType}, which costs some precision.`,
    after.repack !== before.repack && "weights are not repacked for this CPU, so prompts are read more slowly.",
  ];
  return what.flatMap((text) => (text === false ? [] : [`Memory is short: ${text}`]));
}
