import type { PoolStats } from "../pool-types.ts";
import type { ExchangeFacts, Outcome } from "../proxy/facts.ts";

/** What a pool has done since it was made. */
export class Tally {
  readonly #outcomes: Record<Outcome, number> = { answered: 0, lost: 0, aborted: 0, refused: 0 };
  #prompt = 0;
  #completion = 0;

  add({ outcome, tokens }: ExchangeFacts): void {
    this.#outcomes[outcome] += 1;
    this.#prompt += tokens?.prompt ?? 0;
    this.#completion += tokens?.completion ?? 0;
  }

  snapshot(): Pick<PoolStats, "served" | "lost" | "aborted" | "refused" | "tokens"> {
    const { answered, lost, aborted, refused } = this.#outcomes;
    return { served: answered, lost, aborted, refused, tokens: { prompt: this.#prompt, completion: this.#completion } };
  }
}
