/** An instance under mixed load, reloads, restarts and kills for a long time: `npm run bench:soak -- --help`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { corralCommand, startCorral } from "./fronts/corral.ts";
import { freshDirectory } from "./kit/fresh-directory.ts";
import { machineLine } from "./kit/machine.ts";
import { count } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { figure, markdownTable } from "./kit/table.ts";
import { withTeardown } from "./kit/teardown.ts";
import { Disturbance } from "./soak/disturbance.ts";
import { Holdings } from "./soak/holdings.ts";
import { MixedLoad } from "./soak/load.ts";

const METHOD = `\`corral serve\` with three echo models that are too many for the memory it may use, asked by four loops without pause: plain
answers, streams, and clients that leave in the middle. Every few seconds, in turn: the configuration changes and is read
again, a model is restarted worker by worker, a worker is killed (SIGKILL), a broken file is reloaded. Memory, descriptors,
timers and processes are read all the time. Flat means: the median of the last third is within 10% of that of the middle
third, or within two pieces (descriptors, timers, processes). There is no rival: this is not about speed.`;

interface Options {
  minutes: number;
  pause: number;
  json?: string;
}

const command = new Command("bench:soak")
  .description("Memory, descriptors, timers and processes of an instance that is never left in peace.")
  .option("--minutes <n>", "how long", count, 30)
  .option("--pause <seconds>", "between two disturbances", count, 7)
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main({ minutes, pause, json }: Options): Promise<void> {
  console.log(`${machineLine()}\n\n${METHOD}\n`);
  await withTeardown(async (defer) => {
    const dir = freshDirectory(defer);
    const disturbance = new Disturbance(dir);
    const args = ["serve", "--config", disturbance.file, "--admin", disturbance.socket];
    const { origin, pid } = await startCorral(corralCommand(args), defer);
    disturbance.begin(pid);
    const holdings = new Holdings(origin, pid);
    const load = new MixedLoad(origin);
    defer(() => load.end());
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) {
      await holdings.read();
      await disturbance.next();
      await load.run(pause * 1000);
    }
    await load.end();
    await holdings.read();
    report(load, disturbance, holdings);
    if (json !== undefined) {
      writeFileSync(json, toJson({ machine: machineLine(), load: load.counts, readings: holdings.readings }));
    }
  });
}

function report(load: MixedLoad, disturbance: Disturbance, holdings: Holdings): void {
  const { plain, streams, left, failed, lost } = load.counts;
  console.log(`asked: ${plain} plain answers and ${streams} streams were whole, ${left} clients left`);
  console.log(`lost with a worker that was killed: ${lost}; failed otherwise: ${failed.length}`);
  for (const why of new Set(failed)) console.log(`  ${why}`);
  console.log(`done to it: ${disturbance.summary()}\n`);
  const thirds = holdings.thirds();
  const rows = thirds.map(({ name, first, middle, last, isFlat }) => [
    name,
    ...[first, middle, last].map(figure),
    isFlat ? "flat" : "NOT FLAT",
  ]);
  console.log(markdownTable(["median", "first third", "middle third", "last third", ""], rows));
  if (failed.length > 0 || thirds.some(({ isFlat }) => !isFlat)) process.exitCode = 1;
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
