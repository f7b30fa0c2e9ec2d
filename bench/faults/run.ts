import type { ProxyName } from "../fronts/proxy.ts";
import { markdownTable } from "../kit/table.ts";
import { withTeardown } from "../kit/teardown.ts";
import type { Verdict } from "../kit/verdict.ts";
import type { FaultCase } from "./case.ts";
import type { Contestant, Defer } from "./contestant.ts";
import { CORRAL, startCorralContestant } from "./corral-contestant.ts";
import { startRival } from "./rival-contestant.ts";
import type { Suite } from "./suite.ts";

/** Whoever is to be started: corral, or a proxy and its program. */
export type Entry = { readonly name: typeof CORRAL } | { readonly name: ProxyName; readonly program: string };

/** What one case gave: of each contestant by name, in the order of the table. */
export interface CaseResult {
  readonly name: string;
  readonly figures: ReadonlyMap<string, unknown>;
  readonly table: string;
  /** Of corral alone. */
  readonly verdicts: readonly Verdict[];
}

interface RunOptions {
  readonly suite: Suite;
  readonly entries: readonly Entry[];
  /** A short run, for a look. */
  readonly quick: boolean;
  readonly report: (line: string) => void;
}

/** A case as whoever runs all of them sees it: the figures in between are its own. */
export interface RunnableCase extends Pick<FaultCase<unknown>, "name" | "title" | "method" | "engines"> {
  run(options: RunOptions): Promise<CaseResult>;
}

export function runnable<Figures>(fault: FaultCase<Figures>): RunnableCase {
  const { name, title, method, engines } = fault;
  return { name, title, method, engines, run: (options) => runCase(fault, options) };
}

/** Each contestant is started anew for the case, and ended before the next one starts. */
async function runCase<Figures>(
  fault: FaultCase<Figures>,
  { suite, entries, quick, report }: RunOptions,
): Promise<CaseResult> {
  const figures = new Map<string, Figures>();
  for (const entry of entries) {
    report(`${fault.name}: ${entry.name}`);
    const found = await withTeardown(async (defer) => {
      const contestant = await start(entry, suite, fault, defer);
      return fault.measure({ contestant, suite, quick });
    });
    figures.set(entry.name, found);
    report(JSON.stringify(fault.row(found)));
  }
  const ours = figures.get(CORRAL);
  return {
    name: fault.name,
    figures,
    table: tableOf(fault, figures),
    verdicts: ours === undefined ? [] : fault.verdicts(ours),
  };
}

function start<Figures>(entry: Entry, suite: Suite, fault: FaultCase<Figures>, defer: Defer): Promise<Contestant> {
  const wanted = fault.start(suite);
  return entry.name === CORRAL ? startCorralContestant(suite, wanted, defer) : startRival(entry, suite, wanted, defer);
}

function tableOf<Figures>(fault: FaultCase<Figures>, figures: ReadonlyMap<string, Figures>): string {
  const rows = [...figures].map(([name, found]) => ({ [fault.title]: name, ...fault.row(found) }));
  const titles = Object.keys(rows[0] ?? {});
  return markdownTable(
    titles,
    rows.map((row) => titles.map((title) => row[title] ?? "")),
  );
}
