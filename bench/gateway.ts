/** What a gateway costs: `npm run bench:gateway -- --help`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { corralCommand, syntheticCorralCommand } from "./fronts/corral.ts";
import { findProxies, PROXY_NAMES } from "./fronts/proxy.ts";
import { methodText, workloadLine } from "./gateway/method.ts";
import { measure, type Round } from "./gateway/rounds.ts";
import { type SceneOptions, setScene } from "./gateway/scene.ts";
import { tables } from "./gateway/summary.ts";
import { echoWorkload, syntheticWorkload, type Workload } from "./gateway/workload.ts";
import { machineLine, type Noise, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, namesAmong } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { withTeardown } from "./kit/teardown.ts";

interface Options {
  rounds: number;
  concurrency: number;
  tokens: number;
  pace: number;
  without: string[];
  quick?: true;
  json?: string;
}

interface Measured {
  readonly workload: Workload;
  readonly fronts: readonly string[];
  readonly rounds: readonly Round[];
  readonly noise: Noise;
}

/** What a run can do without; "engine" is the second table. */
const PARTS = ["corral", ...PROXY_NAMES, "engine"];
/** Slots of the real engine. */
const ENGINE_SLOTS = 8;

const command = new Command("bench:gateway")
  .description("Time to first byte and CPU per chunk: direct, through corral, HAProxy and nginx.")
  .option("--rounds <n>", "rounds that count", count, 7)
  .option("--concurrency <n>", "streams at once, and slots of the worker", count, 16)
  .option("--tokens <n>", "tokens of a synthetic stream", count, 400)
  .option("--pace <ms>", "milliseconds between the tokens of a synthetic stream", count, 5)
  .option("--without <names>", `leave out some of: ${PARTS.join(",")}`, namesAmong(PARTS), [])
  .option("--quick", "a short run, for a look")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main(options: Options): Promise<void> {
  const quick = options.quick ?? false;
  const wanted = (name: string) => !options.without.includes(name);
  const { concurrency, tokens, pace } = options;
  const rounds = quick ? Math.min(2, options.rounds) : options.rounds;
  const scene = { proxies: findProxies(PROXY_NAMES.filter(wanted)), slots: concurrency, pace, engine: false };

  console.log(`${machineLine()}\n\n${methodText(pace)}`);
  const synthetic = wanted("corral") ? syntheticCorralCommand({ slots: concurrency, pace }) : null;
  const results = [
    await run(syntheticWorkload({ tokens, concurrency, quick }), { ...scene, corral: synthetic }, rounds),
  ];
  if (wanted("corral") && wanted("engine")) {
    const serve = `serve echo --port 0 --workers 1 --threads 1 --slots ${ENGINE_SLOTS}`.split(" ");
    const corral = { ...corralCommand(serve), env: { CORRAL_TRANSPORT: "tcp" } };
    const workload = echoWorkload({ concurrency: ENGINE_SLOTS, quick });
    results.push(await run(workload, { ...scene, slots: ENGINE_SLOTS, corral, engine: true }, rounds));
  }
  if (options.json !== undefined) writeFileSync(options.json, toJson({ machine: machineLine(), options, results }));
}

async function run(workload: Workload, scene: SceneOptions, rounds: number): Promise<Measured> {
  console.log(`\n## ${workload.title}\n\n${workloadLine(workload, rounds)}\n`);
  return withTeardown(async (defer) => {
    const fronts = await setScene(scene, defer);
    const noiseSince = watchNoise();
    const found = await measure(fronts, workload, { rounds, report: (line) => console.error(line) });
    const result = { workload, fronts: fronts.map(({ name }) => name), rounds: found, noise: noiseSince() };
    console.log(`${tables(result.fronts, found)}\n\n${noiseLine(result.noise)}`);
    return result;
  });
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
