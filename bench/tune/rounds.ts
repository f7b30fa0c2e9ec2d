import { measureLoad } from "../../src/load/load.ts";
import { besideNeighbour } from "../../src/tune/neighbour.ts";
import { rotated } from "../kit/rotated.ts";
import { withTeardown } from "../kit/teardown.ts";
import type { Cell } from "../pool/rounds.ts";
import type { Contestant, Defer } from "./contestants.ts";
import { QUIET_TURNS, type TuneLoad } from "./method.ts";

/** llama-server with its defaults gives about a token a second beside a neighbour: fewer tokens, or it takes an hour. */
const SHORTER = 6;
const LEAST_TOKENS = 4;
/** One answer alone is over in two seconds: too short to say much. */
const LEAST_REQUESTS = 2;

/** Of so many rounds one goes on beside the neighbour: most of the time is spent there, on ratios that need no decimals. */
const BUSY_EACH = 2;

/**
 * Each round: both started anew, then quiet, then, in every other round, beside a neighbour; at every concurrency both, one
 * after the other, each turn begun with the other one.
 */
export async function measure(
  start: (defer: Defer) => Promise<Contestant[]>,
  load: TuneLoad,
  report: (line: string) => void,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    report(`round ${round + 1} of ${load.rounds}: starting both`);
    await withTeardown(async (defer) => {
      const contestants = await start(defer);
      await warmUp(contestants, load);
      report("quiet");
      for (let turn = round * QUIET_TURNS; turn < (round + 1) * QUIET_TURNS; turn += 1) {
        cells.push(...(await takeTurn(contestants, load, turn, false)));
      }
      if (round % BUSY_EACH === 0) {
        report("busy neighbour");
        cells.push(...(await besideNeighbour(() => takeTurn(contestants, load, round / BUSY_EACH, true))));
      }
    });
  }
  return cells;
}

async function warmUp(contestants: readonly Contestant[], { concurrencies, tokens }: TuneLoad): Promise<void> {
  const most = Math.max(...concurrencies);
  for (const { pool } of contestants) {
    await measureLoad(pool, { concurrency: most, requests: most, shapes: [{ prompt: tokens, answer: 8 }], warmUp: 0 });
  }
}

async function takeTurn(
  contestants: readonly Contestant[],
  { concurrencies, tokens }: TuneLoad,
  turn: number,
  busyNeighbour: boolean,
): Promise<Cell[]> {
  const asked = busyNeighbour ? Math.max(LEAST_TOKENS, Math.round(tokens / SHORTER)) : tokens;
  const cells: Cell[] = [];
  for (const concurrency of concurrencies) {
    const requests = Math.max(LEAST_REQUESTS, concurrency);
    for (const contestant of rotated(contestants, turn)) {
      const tokensPerSecond = await rateOf(contestant, { concurrency, requests, tokens: asked });
      cells.push({ name: contestant.name, round: turn, busyNeighbour, concurrency, tokensPerSecond });
    }
  }
  return cells;
}

interface Ask {
  readonly concurrency: number;
  readonly requests: number;
  /** Of each prompt, and of each answer. */
  readonly tokens: number;
}

/** Answer tokens of all requests over the time from the first question to the last answer's end. */
async function rateOf({ name, pool }: Contestant, { concurrency, requests, tokens }: Ask): Promise<number> {
  const shapes = [{ prompt: tokens, answer: tokens }];
  const { seconds, failed, failures } = await measureLoad(pool, { concurrency, requests, shapes, warmUp: 0 });
  if (failed > 0) throw new Error(`${name}: ${failed} of ${requests} answers failed: ${failures[0]?.why}`);
  return (requests * tokens) / seconds;
}
