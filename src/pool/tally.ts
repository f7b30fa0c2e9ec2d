import type { PoolStats } from "../pool-types.ts";
import type { ExchangeFacts, Outcome } from "../proxy/facts.ts";
import { Recent } from "./recent.ts";

/** What a pool has done since it was made. */
export class Tally {
  readonly #outcomes: Record<Outcome, number> = { answered: 0, lost: 0, aborted: 0, refused: 0 };
  readonly #recent = new Recent(performance.now());
  #prompt = 0;
  #cached = 0;
  #completion = 0;

  add(facts: ExchangeFacts): void {
    const { outcome, tokens } = facts;
    this.#outcomes[outcome] += 1;
    this.#prompt += tokens?.prompt ?? 0;
    this.#cached += tokens?.cached ?? 0;
    this.#completion += tokens?.completion ?? 0;
    this.#recent.add(facts, performance.now());
  }

  snapshot(): Pick<PoolStats, "served" | "lost" | "aborted" | "refused" | "tokens" | "recent"> {
    const { answered, lost, aborted, refused } = this.#outcomes;
    const tokens = { prompt: this.#prompt, cached: this.#cached, completion: this.#completion };
    return { served: answered, lost, aborted, refused, tokens, recent: this.#recent.figures(performance.now()) };
  }
}
