import type { ModelDescription } from "../model/description.ts";
import { CONSTANTS, type CostConstants } from "./cost-constants.ts";
import type { Figures, Load } from "./goal.ts";
import type { Host } from "./host.ts";

/** How a machine is split: workers of so many threads, each with so many slots. */
export interface Split {
  readonly workers: number;
  /** Of each worker. */
  readonly threads: number;
  /** Of each worker. */
  readonly slots: number;
}

/** A model as the cost model sees it. Bytes. */
export interface ModelCost {
  /** Read for every step, whatever the number of sequences. */
  readonly weightBytes: number;
  /** Multiplied with every token. */
  readonly parameters: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  /** Keys and values of one token. */
  readonly keyValueBytes: number;
  /** Whether weights take fewer than 6 bits: those are unpacked before they are multiplied. */
  readonly weights: "small" | "wide";
  /**
   * Slots share one buffer of keys and values, so that each computes attention over everybody's tokens and masks what is
   * not its own (llama.cpp until 2025, and `--kv-unified`); else each looks at its own tokens only.
   */
  readonly sharedCache: boolean;
  /** Sequences that share one reading of the weights; what is left over reads them one by one. 1: all share one. */
  readonly tile: number;
}

const F16 = 2;
/** Rows that a kernel for repacked weights multiplies at once. */
const REPACKED_TILE = 4;
/** So much faster: prefill gains 57% on x86, and 8 sequences decode 2.3 times as fast as 1 (2 cores, 0.5B Q4_0). */
const REPACKED_SPEED = 1.6;

/**
 * Of a dense model: where only some experts are active, it costs less than this.
 *
 * @param repack Whether workers repack the weights for their CPU, and the engine has kernels for that. Default: no.
 */
export function modelCostOf(model: ModelDescription, { repack = false }: { repack?: boolean } = {}): ModelCost {
  const weightBytes = Object.values(model.tensorBytes).reduce((sum, bytes) => sum + bytes, 0);
  return {
    weightBytes,
    parameters: model.parameters,
    layers: model.layers,
    heads: model.heads,
    headDim: model.headDim,
    keyValueBytes: 2 * model.layers * model.kvHeads * model.headDim * F16,
    weights: (8 * weightBytes) / model.parameters < 6 ? "small" : "wide",
    sharedCache: false,
    tile: repack ? REPACKED_TILE : 1,
  };
}

/** What a split should give under a load, by the constants of the host's class. */
export function predict(host: Host, model: ModelCost, split: Split, load: Load): Figures {
  return predictWith(CONSTANTS, host, model, split, load);
}

/** Tokens of prompts that are computed at once (`-ub`). */
const PROMPT_BATCH = 512;

/**
 * A roofline with barriers. All workers that have something to do compute at once and share the memory's bandwidth;
 * more requests than slots wait for their turn. A guess that is to rank splits: measured throughput of hosts that the
 * constants were not fitted on differs from it by a third.
 */
export function predictWith(constants: CostConstants, host: Host, model: ModelCost, split: Split, load: Load): Figures {
  const running = Math.min(load.concurrency, split.workers * split.slots);
  const workers = Math.min(split.workers, running);
  const team = teamOf(constants, host, { workers, threads: split.threads });
  const work = { model, workers, batch: running / workers };
  const perToken = stepSeconds(constants, team, work, load.prompt + load.answer / 2);
  const perPrompt = promptSeconds(constants, team, work, load.prompt);
  const turnsBefore = load.concurrency / running - 1;
  return {
    prefill: (workers * load.prompt) / perPrompt,
    decode: running / perToken,
    firstToken: turnsBefore * (work.batch * perPrompt + load.answer * perToken) + perPrompt + perToken,
    perToken,
  };
}

/** What one of several busy workers has of the host. */
interface Team {
  readonly threads: number;
  /** In units of a fast one, all together. */
  readonly cores: number;
  /** Bytes a second. */
  readonly bandwidth: number;
  /** Of one core. */
  readonly speed: number;
  /** Seconds lost at the barriers of a layer. */
  readonly barriers: number;
}

function teamOf(constants: CostConstants, host: Host, { workers, threads }: Omit<Split, "slots">): Team {
  const speed = host.simd === "avx512" || host.simd === "avx2" ? 1 : constants.narrowCores;
  const dies = host.cacheGroups / host.sockets > 2 ? constants.manyDies : 1;
  const sharing = workers * threads > host.cores ? constants.sharedCores : 1;
  return {
    threads,
    cores: speed * Math.min(threads, host.cores / workers),
    bandwidth: (host.bandwidth * constants.bandwidthShare * dies) / workers,
    speed,
    barriers: (constants.layerSeconds * sharing * (1 - 1 / threads)) / speed,
  };
}

interface Work {
  readonly model: ModelCost;
  /** Sequences of one worker. */
  readonly batch: number;
}

/** Seconds of a step: one token for each sequence of a worker, which on average has so many tokens before it. */
function stepSeconds(constants: CostConstants, team: Team, { model, batch }: Work, context: number): number {
  const { layers, weights, keyValueBytes } = model;
  const memory = (readings(model, batch) * model.weightBytes + batch * context * keyValueBytes) / team.bandwidth;
  const compute = (2 * model.parameters * rowsOf(model, batch)) / (team.cores * constants.decodeRate[weights]);
  const seen = model.sharedCache ? batch * context : context;
  const alone = (layers * batch * constants.tokenSeconds.decode) / team.speed;
  return roofline(memory, compute) + attention(constants, team, model, batch * seen) + alone + layers * team.barriers;
}

/** Seconds of one prompt of a worker that has as many as it has sequences. */
function promptSeconds(constants: CostConstants, team: Team, { model, batch }: Work, tokens: number): number {
  const { layers, weights } = model;
  const passes = Math.ceil((batch * tokens) / PROMPT_BATCH) / batch;
  const memory = (passes * model.weightBytes) / team.bandwidth;
  const compute = (2 * model.parameters * rowsOf(model, tokens)) / (team.cores * constants.prefillRate[weights]);
  const seen = ((model.sharedCache ? batch : 1) * tokens) / 2;
  const alone = (layers * tokens * constants.tokenSeconds.prefill) / team.speed;
  const inStep = passes * layers * team.barriers;
  return roofline(memory, compute) + attention(constants, team, model, tokens * seen) + alone + inStep;
}

/** Reading and computing overlap, not quite: the greater of both where they differ, a quarter more where they meet. */
function roofline(memory: number, compute: number): number {
  return Math.cbrt(memory ** 3 + compute ** 3);
}

/** @param pairs Of a token and another that it looks at, or that its row of a shared cache holds. */
function attention(constants: CostConstants, team: Team, model: ModelCost, pairs: number): number {
  const { layers, heads, headDim, sharedCache } = model;
  const compute = (4 * layers * heads * headDim * pairs) / (team.cores * constants.attentionRate);
  return sharedCache ? compute + (pairs * constants.maskSeconds) / team.speed : compute;
}

/** How often the weights are read for a batch. */
function readings({ tile }: ModelCost, batch: number): number {
  return tile === 1 ? 1 : Math.max(1, Math.floor(batch / tile) + (batch % tile));
}

/** Rows to multiply, in units of those that are multiplied one by one. */
function rowsOf({ tile }: ModelCost, batch: number): number {
  const rest = tile === 1 ? batch : batch % tile;
  return rest + (batch - rest) / REPACKED_SPEED;
}
