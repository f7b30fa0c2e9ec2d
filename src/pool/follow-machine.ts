import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import { formatCpuList } from "../machine/cpulist.ts";
import type { Machine } from "../machine/machine.ts";
import { counted } from "../plan/in-words.ts";
import type { Plan } from "../plan/plan.ts";
import { isSameToRun } from "../scale/go-over.ts";
import { type Blueprint, redraw } from "./blueprint.ts";

/** What came of other limits of the machine. */
export type Redrawn =
  | { readonly kind: "same"; readonly blueprint: Blueprint }
  | { readonly kind: "other"; readonly blueprint: Blueprint; readonly sentence: string }
  | { readonly kind: "does-not-fit"; readonly sentence: string };

/** @param changes what is known to have changed, for people */
export function redrawFor(
  machine: Machine,
  blueprint: Blueprint,
  options: ResolvedPoolOptions,
  changes: readonly string[],
): Redrawn {
  const why = `The machine's limits have changed (${changes.join(", ")})`;
  try {
    const next = redraw(blueprint, options, machine);
    if (isSameToRun(blueprint.plan, next.plan)) return { kind: "same", blueprint: next };
    const sentence = `${why}: ${inWords(next.plan)} instead of ${inWords(blueprint.plan)}.`;
    return { kind: "other", blueprint: next, sentence };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "does-not-fit", sentence: `${why}, and the workers stay as they are: ${reason}` };
  }
}

/** "2 workers of 1 thread (CPUs 0-1, 4 slots of 4096 tokens, 512 MiB of prompt cache)". */
function inWords({ workers, slots, context, promptCache }: Plan): string {
  const threads = [...new Set(workers.map((worker) => worker.threads))];
  const cpus = workers.flatMap((worker) => worker.cpus);
  const where = cpus.length > 0 ? `CPUs ${formatCpuList(cpus)}, ` : "";
  const each = threads.length === 1 ? counted(threads[0] ?? 0, "thread") : `${threads.join(" or ")} threads`;
  const room = `${counted(slots, "slot")} of ${context} tokens, ${promptCache} MiB of prompt cache`;
  return `${counted(workers.length, "worker")} of ${each} (${where}${room})`;
}
