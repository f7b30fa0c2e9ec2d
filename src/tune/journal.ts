import type { Sample } from "./judge.ts";
import type { Trial, TuneRecord } from "./record.ts";
import type { TuneStore } from "./store.ts";

/**
 * What was measured, kept in the store as it comes. A search that begins where an earlier one was interrupted gets the
 * earlier one's samples first, in their order: it makes the same decisions, and goes on from there.
 */
export class Journal {
  readonly #store: TuneStore;
  readonly #replay: Map<string, Trial[]>;
  #record: TuneRecord;
  /** Of both runs. */
  readonly trials: Trial[] = [];

  constructor(store: TuneStore, record: TuneRecord) {
    this.#store = store;
    this.#record = record;
    this.#replay = new Map();
    for (const trial of record.trials) {
      this.#replay.set(trial.candidate, [...(this.#replay.get(trial.candidate) ?? []), trial]);
    }
  }

  /** The next sample of an earlier run, else a new one, which is stored before it is used. */
  async sample(candidate: string, take: () => Promise<Sample>): Promise<{ trial: Trial; isNew: boolean }> {
    const earlier = this.#replay.get(candidate)?.shift();
    if (earlier !== undefined) {
      this.trials.push(earlier);
      return { trial: earlier, isNew: false };
    }
    const began = performance.now();
    const sample = await take();
    const trial: Trial = { candidate, sample: [...sample], seconds: (performance.now() - began) / 1000 };
    this.trials.push(trial);
    await this.#write({ trials: [...this.#record.trials, trial] });
    return { trial, isNew: true };
  }

  samplesOf(candidate: string): Sample[] {
    return this.trials.filter((trial) => trial.candidate === candidate).map(({ sample }) => sample);
  }

  conclude(found: Pick<TuneRecord, "tuned" | "isComplete">): Promise<void> {
    return this.#write(found);
  }

  async #write(change: Partial<TuneRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.#store.write(this.#record);
  }
}
