/** What becomes of requests when workers die, stop, are poisoned or overrun: `npm run bench:faults -- --help`. */
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { CASE_NAMES, CASES } from "./faults/cases.ts";
import { CORRAL } from "./faults/corral-contestant.ts";
import { methodText } from "./faults/method.ts";
import type { CaseResult, Entry } from "./faults/run.ts";
import { type EngineName, suiteOf } from "./faults/suite.ts";
import { findProxies, PROXY_NAMES } from "./fronts/proxy.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { namesAmong } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { exitCodeOf, verdictText } from "./kit/verdict.ts";

interface Options {
  engine: EngineName;
  case: string[];
  without: string[];
  quick?: boolean;
  json?: string;
}

const command = new Command("bench:faults")
  .description("Failed requests, lost workers and waits under faults: corral, HAProxy and nginx.")
  .addOption(new Option("--engine <name>", "whose workers").choices(["llama", "chatglm"]).default("llama"))
  .option("--case <names>", `some of: ${CASE_NAMES.join(",")}`, namesAmong(CASE_NAMES), CASE_NAMES)
  .option(
    "--without <names>",
    `leave out some of: ${[CORRAL, ...PROXY_NAMES].join(",")}`,
    namesAmong([CORRAL, ...PROXY_NAMES]),
    [],
  )
  .option("--quick", "a short run, for a look")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main({ engine, case: names, without, quick = false, json }: Options): Promise<void> {
  const suite = await suiteOf(engine);
  const cases = CASES.filter(({ name, engines }) => names.includes(name) && engines.includes(engine));
  const entries = entriesWithout(without);
  console.log(`${machineLine()}\n\n${methodText(suite, cases)}\n`);
  const noiseSince = watchNoise();
  const results: CaseResult[] = [];
  for (const each of cases) {
    const result = await each.run({ suite, entries, quick, report: (line) => console.error(line) });
    results.push(result);
    console.log(`${result.table}\n`);
  }
  const noise = noiseSince();
  const verdicts = results.flatMap(({ name, verdicts: own }) =>
    own.map((verdict) => ({ ...verdict, what: `${name}: ${verdict.what}` })),
  );
  console.log(`${verdictText(verdicts)}\n\n${noiseLine(noise)}`);
  if (json !== undefined) writeFileSync(json, toJson({ machine: machineLine(), engine, results, noise }));
  process.exitCode = exitCodeOf(verdicts);
}

function entriesWithout(without: readonly string[]): Entry[] {
  const proxies = findProxies(PROXY_NAMES.filter((name) => !without.includes(name)));
  const ours: Entry[] = without.includes(CORRAL) ? [] : [{ name: CORRAL }];
  return [...ours, ...[...proxies].map(([name, program]) => ({ name, program }))];
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
