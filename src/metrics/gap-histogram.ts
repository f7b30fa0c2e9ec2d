import type { Gaps } from "../pool-types.ts";
import type { Family, Labels, Sample } from "./family.ts";

const NAME = "corral_time_between_tokens_seconds";

/**
 * A histogram that takes counts in buckets instead of values: a stream's pauses are counted as they come, and observing
 * each of thousands at its end would hold up everyone else.
 */
export class GapHistogram {
  readonly #labels: Labels;
  #bounds: readonly number[] = [];
  #counts: number[] = [];
  #sum = 0;

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  add({ bounds, counts, sum }: Gaps): void {
    this.#bounds = bounds;
    this.#counts = counts.map((count, at) => count + (this.#counts[at] ?? 0));
    this.#sum += sum;
  }

  family(): Family {
    let below = 0;
    const buckets = this.#bounds.map((bound, at) => {
      below += this.#counts[at] ?? 0;
      return this.#sample("_bucket", below, { le: `${bound / 1000}` });
    });
    const count = below + (this.#counts[this.#bounds.length] ?? 0);
    return {
      name: NAME,
      help: "Time from each piece of a stream to the next, from its first token on; a piece is a token, rarely more.",
      type: "histogram",
      aggregator: "sum",
      values: [
        ...buckets,
        this.#sample("_bucket", count, { le: "+Inf" }),
        this.#sample("_sum", this.#sum / 1000),
        this.#sample("_count", count),
      ],
    };
  }

  #sample(suffix: string, value: number, labels: Labels = {}): Sample {
    return { metricName: `${NAME}${suffix}`, labels: { ...labels, ...this.#labels }, value };
  }
}
