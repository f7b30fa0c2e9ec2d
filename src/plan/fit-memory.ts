import { CorralError } from "../errors.ts";
import { MIB } from "./memory.ts";
import type { MemoryLedger } from "./plan.ts";
import type { Shape } from "./shape.ts";

/** A request that uses less than this is no use to most people. */
const LEAST_CONTEXT = 1024;

/** One thing to give up for memory. */
interface Concession {
  readonly field: keyof Shape;
  /** The next smaller shape; null when there is nothing left to give up here. */
  next(shape: Shape): Shape | null;
  warning(before: Shape, after: Shape): string;
}

/**
 * In this order: speed first (weights shared instead of repacked, about a third of prefill), then what one request may
 * use, then how many run at once, and last how many processes stand in for each other.
 */
const CONCESSIONS: readonly Concession[] = [
  {
    field: "repack",
    next: (shape) => (shape.repack ? { ...shape, repack: false } : null),
    warning: () => "Memory is short: weights are not repacked for this CPU, so prompts are read more slowly.",
  },
  {
    field: "context",
    next: (shape) =>
      shape.context > LEAST_CONTEXT
        ? { ...shape, context: Math.max(LEAST_CONTEXT, Math.floor(shape.context / 2)) }
        : null,
    warning: (before, after) =>
      `Memory is short: a request may use ${after.context} tokens instead of ${before.context}.`,
  },
  {
    field: "slots",
    next: (shape) => (shape.slots > 1 ? { ...shape, slots: shape.slots > 4 ? 4 : 1 } : null),
    warning: (before, after) =>
      `Memory is short: a worker serves ${after.slots} request${after.slots === 1 ? "" : "s"} at once instead of ${before.slots}.`,
  },
  {
    field: "workers",
    next: (shape) => (shape.workers > 1 ? { ...shape, workers: shape.workers - 1 } : null),
    warning: (before, after) => `Memory is short: ${after.workers} of ${before.workers} workers.`,
  },
];

/**
 * The first shape that fits, giving up one thing after the other. What is fixed is never changed.
 *
 * @throws CorralError CORRAL_DOES_NOT_FIT with the ledger of the smallest shape allowed and the nearest shape that fits.
 */
export function fitMemory(
  wanted: Shape,
  fixed: ReadonlySet<keyof Shape>,
  ledgerOf: (shape: Shape) => MemoryLedger,
): { shape: Shape; warnings: string[] } {
  const { shape, ledger } = shrink(wanted, fixed, ledgerOf);
  if (ledger.peak > ledger.budget) throw doesNotFit(shape, ledger, shrink(wanted, new Set(), ledgerOf));
  const warnings = CONCESSIONS.filter(({ field }) => shape[field] !== wanted[field]);
  return { shape, warnings: warnings.map(({ warning }) => warning(wanted, shape)) };
}

interface Sized {
  readonly shape: Shape;
  readonly ledger: MemoryLedger;
}

/** Gives things up until it fits or nothing is left to give up. */
function shrink(wanted: Shape, fixed: ReadonlySet<keyof Shape>, ledgerOf: (shape: Shape) => MemoryLedger): Sized {
  const concessions = CONCESSIONS.filter(({ field }) => !fixed.has(field));
  let shape = wanted;
  for (;;) {
    const ledger = ledgerOf(shape);
    const smaller = ledger.peak > ledger.budget ? firstOf(concessions, shape) : null;
    if (smaller === null) return { shape, ledger };
    shape = smaller;
  }
}

function firstOf(concessions: readonly Concession[], shape: Shape): Shape | null {
  for (const { next } of concessions) {
    const smaller = next(shape);
    if (smaller) return smaller;
  }
  return null;
}

function doesNotFit(shape: Shape, ledger: MemoryLedger, nearest: Sized): CorralError {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / MIB)} MiB`;
  const fits = nearest.ledger.peak <= nearest.ledger.budget;
  const each = mebibytes(ledger.repacked + ledger.kv + ledger.compute);
  const message = [
    `The plan takes ${mebibytes(ledger.peak)} and ${mebibytes(ledger.budget)} may be used:`,
    `${mebibytes(ledger.file)} of file pages, ${shape.workers} x ${each} for workers, ${mebibytes(ledger.headroom)} kept free.`,
    fits
      ? `The nearest that fits: ${flagsOf(nearest.shape)}.`
      : "No plan of this model fits: take a smaller model or quantisation, or give it more memory.",
  ].join(" ");
  return new CorralError("CORRAL_DOES_NOT_FIT", message, {
    facts: { shape, ledger, nearest: fits ? nearest.shape : null },
  });
}

function flagsOf({ workers, slots, context, repack }: Shape): string {
  return `--workers ${workers} --slots ${slots} --context ${context}${repack ? "" : ", weights not repacked"}`;
}
