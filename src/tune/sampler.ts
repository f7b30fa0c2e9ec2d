import { measureLoad } from "../load/load.ts";
import type { Candidate } from "./candidate.ts";
import { type Cell, type RequestTokens, type Sample, tokensOfCell } from "./judge.ts";
import { besideNeighbour } from "./neighbour.ts";
import type { CandidatePool, OpenPools } from "./open-pools.ts";
import type { Method } from "./record.ts";

/** One request alone says too little. */
const LEAST_REQUESTS = 2;

/** Requests of one cell: each slot that is used gets one, and is never idle while others run. */
const requestsOf = (concurrency: number): number => Math.max(LEAST_REQUESTS, concurrency);

/** Runs a candidate under the load at each level, and again beside a neighbour where the method says so. */
export async function takeSample(
  pools: OpenPools,
  candidate: Candidate,
  method: Pick<Method, "levels" | "robust" | "tokens">,
  signal?: AbortSignal,
): Promise<Sample> {
  const opened = await pools.of(candidate);
  if (opened === null) return [];
  const { pool, isNew } = opened;
  const most = Math.max(...method.levels);
  if (isNew) await warmUp(pool, most, method.tokens, signal);
  const cells = (isNoisy: boolean) => takeCells(pool, { ...method, isNoisy, signal });
  const quiet = await cells(false);
  const noisy = method.robust ? await besideNeighbour(() => cells(true)) : [];
  const sample = [...quiet, ...noisy];
  return sample.every(({ figures }) => Object.values(figures).every(isFigure)) ? sample : [];
}

interface Turn extends Pick<Method, "levels" | "tokens"> {
  readonly isNoisy: boolean;
  readonly signal: AbortSignal | undefined;
}

async function takeCells(pool: CandidatePool, { levels, tokens, isNoisy, signal }: Turn): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const concurrency of levels) {
    const { figures } = await measureLoad(pool, {
      concurrency,
      requests: requestsOf(concurrency),
      shapes: [tokensOfCell(tokens, isNoisy)],
      warmUp: 0,
      signal,
    });
    cells.push({ concurrency, isNoisy, figures });
  }
  return cells;
}

/** Touches the memory of all slots. Seconds that the measured part took. */
async function warmUp(
  pool: CandidatePool,
  concurrency: number,
  tokens: RequestTokens,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { seconds } = await measureLoad(pool, { concurrency, requests: concurrency, shapes: [tokens], signal });
  return seconds;
}

/** Samples that a budget should pay for. */
const SAMPLES = 40;
const USUAL: RequestTokens = { prompt: 64, answer: 32 };
const PROBE: RequestTokens = { prompt: 32, answer: 16 };
/** A quarter of the tokens, at a quarter of the speed. */
const NOISY_TIMES = 2;

/**
 * Requests short enough that the budget pays for a search, and long enough to say something.
 * @param budget seconds
 */
export async function fitTokens(
  pool: CandidatePool,
  { levels, robust }: Pick<Method, "levels" | "robust">,
  budget: number,
  signal: AbortSignal | undefined,
): Promise<RequestTokens> {
  const most = Math.max(...levels);
  return tokensFor({ levels, robust, budget, probe: await warmUp(pool, most, PROBE, signal) });
}

/** Pure. `probe`: seconds that one request of PROBE's tokens for each of the most askers took. */
export function tokensFor(facts: { levels: readonly number[]; robust: boolean; budget: number; probe: number }) {
  const { levels, robust, budget, probe } = facts;
  const most = Math.max(...levels);
  const requests = levels.reduce((sum, level) => sum + requestsOf(level), 0);
  const perSample = probe * (USUAL.answer / PROBE.answer) * (requests / most) * (robust ? NOISY_TIMES : 1);
  const scale = Math.min(2, Math.max(0.25, budget / SAMPLES / perSample));
  return { prompt: Math.round(USUAL.prompt * scale), answer: Math.round(USUAL.answer * scale) };
}

function isFigure(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
