/** CPU time of a pool that does nothing: `npm run bench:idle -- --help`. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { request } from "undici";
import { corralCommand, startCorral } from "./fronts/corral.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count } from "./kit/options.ts";
import { cpuTime, processTree } from "./kit/process-cpu.ts";
import { toJson } from "./kit/raw-figures.ts";
import { figure, markdownTable } from "./kit/table.ts";
import { withTeardown } from "./kit/teardown.ts";
import { ensureRandomModel } from "./pool/model.ts";

const METHOD = `\`corral serve\` with one model and no request, as a user starts it. CPU time of its process and of its workers over
the given time, by the scheduler's account, in percent of one CPU: first with all workers there, a minute after the start,
then after \`idleTimeout\` has ended them. The rival is the llama-servers themselves, in the same run. At last one request
wakes it.`;

interface Options {
  seconds: number;
  model?: string;
  json?: string;
}

interface Shares {
  readonly state: string;
  readonly workers: number;
  /** Percent of one CPU. */
  readonly corral: number;
  readonly engine: number;
}

const command = new Command("bench:idle")
  .description("CPU time of an idle pool, with its workers and without, and the time it takes to wake.")
  .option("--seconds <n>", "how long to look at each state", count, 60)
  .option("--model <file>", "another model than the random one of 0.5B")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main({ seconds, model = ensureRandomModel(), json }: Options): Promise<void> {
  console.log(`${machineLine()}\n\n${METHOD}\n`);
  await withTeardown(async (defer) => {
    const start = 60;
    const settle = 10;
    const idleTimeout = 1000 * (start + seconds + settle);
    const serve = corralCommand(["serve", model, "--port", "0", "--name", "idle", "--idle-timeout", `${idleTimeout}`]);
    const { origin, pid } = await startCorral(serve, defer);
    const noiseSince = watchNoise();
    await sleep(start * 1000);
    const awake = await measure("workers idle", pid, seconds);
    while (processTree(pid).length > 1) await sleep(100);
    await sleep(settle * 1000);
    const asleep = await measure("scaled to zero", pid, seconds);
    const wakeMs = await wake(origin);
    const noise = noiseSince();
    const rows = [awake, asleep].map(({ state, workers, corral, engine }) => [
      state,
      String(workers),
      `${figure(corral)}%`,
      `${figure(engine)}%`,
      `${figure(corral + engine)}%`,
    ]);
    console.log(markdownTable(["state", "workers", "corral", "llama-server", "together"], rows));
    console.log(`\na request that wakes it is answered after ${figure(wakeMs / 1000)} s; ${noiseLine(noise)}`);
    if (json !== undefined) writeFileSync(json, toJson({ machine: machineLine(), awake, asleep, wakeMs, noise }));
  });
}

async function measure(state: string, pid: number, seconds: number): Promise<Shares> {
  const workers = processTree(pid).filter((other) => other !== pid);
  const before = { at: performance.now(), corral: cpuTime([pid]), engine: cpuTime(workers) };
  await sleep(seconds * 1000);
  const elapsed = performance.now() - before.at;
  const percent = (pids: readonly number[], used: number) => (100 * (cpuTime(pids) - used)) / elapsed;
  return {
    state,
    workers: workers.length,
    corral: percent([pid], before.corral),
    engine: percent(workers, before.engine),
  };
}

/** @returns milliseconds to the whole answer of one token */
async function wake(origin: string): Promise<number> {
  const since = performance.now();
  const { statusCode, body } = await request(`${origin}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "idle", prompt: "Good morning", max_tokens: 1 }),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the request that wakes it got ${statusCode}: ${text}`);
  return performance.now() - since;
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
