import { type ProxyName, startProxy } from "../fronts/proxy.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import type { Contestant, ContestantStart, Defer } from "./contestant.ts";
import type { Suite } from "./suite.ts";
import { startSupervised } from "./supervised.ts";

/** A proxy before two workers that are started again when they end. */
export async function startRival(
  { name, program }: { readonly name: ProxyName; readonly program: string },
  suite: Suite,
  { queue }: ContestantStart,
  defer: Defer,
): Promise<Contestant> {
  const supervised = await startSupervised(suite, defer);
  const workers = () => supervised.flatMap(({ address }) => address ?? []).sort((a, b) => a.pid - b.pid);
  const start = { workers: workers(), slots: suite.slots, queue, directory: freshDirectory(defer) };
  const { target } = await startProxy(name, program, start, defer);
  const deaths = () => supervised.reduce((sum, worker) => sum + worker.deaths, 0);
  return {
    name,
    origin: target.origin,
    workers,
    whole: async () => {
      await Promise.all(supervised.map((worker) => worker.ready()));
    },
    watchDeaths: () => {
      const before = deaths();
      // A proxy sends everything to every worker.
      return async () => ({ deaths: deaths() - before, serving: deaths() - before });
    },
  };
}
