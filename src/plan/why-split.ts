import { type Choice, type Rated, TIE } from "./choose.ts";
import type { Decision } from "./decision.ts";
import { counted, described, sized } from "./in-words.ts";
import type { Plan, Reason } from "./plan.ts";
import { groupsOf, type Level } from "./split.ts";
import { splitIsTuned } from "./tuning.ts";

/** More rejected splits than these tell nobody anything. */
const MOST_REJECTED = 4;

/** How many workers of how many threads, and what other splits were predicted to give. */
export function workersReason(decision: Decision, plan: Plan): Reason {
  const { choice, shape } = decision;
  const rejected = others(choice, shape.workers).map((rated) => `${split(rated)}: ${whyNot(rated, decision)}`);
  const domains = groupsOf(decision.seating.seats, "domain").length;
  const spanning =
    domains > 1 && shape.workers > 1 ? [`1 worker: its threads would be on ${domains} NUMA nodes or sockets`] : [];
  return {
    about: "workers",
    choice: `${counted(plan.workers.length, "worker")} of ${threads(plan)}${where(decision)}`,
    because: because(decision, plan),
    rejected: decision.overrides.workers === undefined && !isAsMeasured(decision) ? [...rejected, ...spanning] : [],
  };
}

export function slotsReason({ engine, overrides, tuned, wanted, shape }: Decision, plan: Plan): Reason {
  const all = shape.slots * shape.workers;
  const because = () => {
    if (overrides.slots !== undefined) return "asked for";
    if (tuned !== null && shape.slots === tuned.slots) return "as tuned";
    if (shape.slots < wanted.slots) return "no memory for more";
    if (shape.slots >= engine.traits.mostSlots) return `the engine computes ${engine.traits.mostSlots} at once`;
    if (all < plan.concurrency) return "others wait: more at once in a worker are seldom quicker";
    return `room for ${counted(plan.concurrency, "request")} at once${shape.slots % 4 === 0 ? "; sequences are computed in fours" : ""}`;
  };
  return { about: "slots", choice: `${shape.slots} a worker, ${all} in all`, because: because(), rejected: [] };
}

function threads({ workers }: Plan): string {
  const counts = workers.map((worker) => worker.threads);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? counted(most, "thread") : `${least} to ${most} threads`;
}

/** Where no worker leaves a cache or a node. */
function where({ sets, seating: { seats } }: Decision): string {
  const stays = (level: Level) => sets.every((set) => new Set(set.map((seat) => seat[level])).size === 1);
  const several = (level: Level) => groupsOf(seats, level).length > 1;
  if (several("cache") && stays("cache")) return ", each within one last-level cache";
  if (several("domain") && stays("domain")) return ", each within one NUMA node";
  return "";
}

function because(decision: Decision, { goal, predicted, concurrency }: Plan): string {
  const { overrides, choice } = decision;
  const figures = predicted === null ? "" : `: ${described(predicted)}`;
  if (isAsMeasured(decision)) return `measured to be best${figures}`;
  if (overrides.workers !== undefined) return `asked for; predicted${figures}`;
  if (!choice.chosen.fits)
    return `what memory leaves of ${split(choice.chosen)}, which is predicted to be best${figures}`;
  const what = `of ${counted(choice.rated.length, "split")} for "${goal}" and ${counted(concurrency, "request")} at once`;
  return `${standing(choice)}, ${what}${figures}`;
}

function standing({ rated, chosen }: Choice): string {
  const better = rated.filter(({ score, fits }) => fits && score > chosen.score);
  if (better.length === 0) return "predicted to be the best";
  return better.every(({ workers }) => workers > 1)
    ? "predicted to be as good as the best, with fewer copies of everything or without waiting"
    : "predicted to be the best with more than one worker";
}

function isAsMeasured({ overrides, tuned }: Decision): boolean {
  return tuned !== null && splitIsTuned(overrides, tuned);
}

/** The best other splits, one for each number of workers. */
function others({ rated, chosen }: Choice, taken: number): Rated[] {
  const seen = new Set([chosen.workers, taken]);
  return rated.filter(({ workers }) => !seen.has(workers) && seen.add(workers)).slice(0, MOST_REJECTED);
}

function split({ workers, threads, slots }: Rated): string {
  return `${workers} x ${counted(threads, "thread")} x ${counted(slots, "slot")}`;
}

function whyNot(rated: Rated, { choice, load }: Decision): string {
  const { workers, slots, score, figures, fits, peak } = rated;
  const { chosen } = choice;
  const ratio = score / chosen.score;
  const compared = `${describedRatio(ratio)} (${described(figures)})`;
  if (!fits) return `takes ${sized(peak)}, more than there is; else ${compared}`;
  if (workers === 1 && chosen.workers > 1 && ratio > 1)
    return `${compared}, but nothing serves when it dies, and all of its threads wait when one is held up`;
  if (workers > 1 && score < bestOf(choice) * (1 - TIE)) return compared;
  if (workers === 1 && ratio < 1 - TIE) return compared;
  const price = () => {
    if (workers === 1) return "nothing serves when it dies";
    return workers * slots < Math.min(load.concurrency, chosen.workers * chosen.slots)
      ? "requests wait for a slot"
      : "more copies of everything";
  };
  return `a tie (${described(figures)}), but ${price()}`;
}

/** Of those that serve on when one dies, as far as memory allows. */
function bestOf({ rated }: Choice): number {
  return Math.max(0, ...rated.filter(({ workers, fits }) => fits && workers > 1).map(({ score }) => score));
}

function describedRatio(ratio: number): string {
  const percent = Math.round(Math.abs(ratio - 1) * 100);
  if (percent === 0) return "as good";
  return ratio > 1 ? `${percent}% better` : `${percent}% worse`;
}
