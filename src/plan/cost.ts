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
}

const F16 = 2;

/** Of a dense model: where only some experts are active, it costs less than this. */
export function modelCostOf(model: ModelDescription): ModelCost {
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
  };
}

/** What a split should give under a load, by the constants of the host's class. */
export function predict(host: Host, model: ModelCost, split: Split, load: Load): Figures {
  return predictWith(CONSTANTS, host, model, split, load);
}

/** Tokens of a prompt that are computed at once (`-ub`). */
const PROMPT_BATCH = 512;

/**
 * A roofline with barriers. All workers that have something to do compute at once and share the memory's bandwidth;
 * more requests than slots wait for their turn.
 */
export function predictWith(constants: CostConstants, host: Host, model: ModelCost, split: Split, load: Load): Figures {
  const { workers, slots } = split;
  const running = Math.min(load.concurrency, workers * slots);
  const active = Math.min(workers, running);
  const batch = running / active;
  const share = { host, model, workers: active, threads: split.threads };
  const perToken = stepSeconds(constants, share, batch, load.prompt + load.answer / 2);
  const promptSeconds = prefillSeconds(constants, share, load.prompt);
  const turns = load.concurrency / running - 1;
  return {
    prefill: (active * load.prompt) / promptSeconds,
    decode: running / perToken,
    firstToken: turns * (promptSeconds * batch + load.answer * perToken) + promptSeconds + perToken,
    perToken,
  };
}

interface Share {
  readonly host: Host;
  readonly model: ModelCost;
  readonly workers: number;
  readonly threads: number;
}

/** Seconds of one step of a worker: a token for each of its running sequences. */
function stepSeconds(constants: CostConstants, share: Share, batch: number, context: number): number {
  const { host, model, workers, threads } = share;
  const cores = coresOfEach(share);
  const seen = context * (model.sharedCache ? batch : 1);
  const memory =
    (workers * (model.weightBytes + batch * context * model.keyValueBytes)) /
    (host.bandwidth * constants.bandwidthShare);
  const compute = (2 * model.parameters * batch) / (cores * constants.decodeRate[model.weights]);
  const attention = (4 * model.layers * model.heads * model.headDim * seen * batch) / (cores * constants.attentionRate);
  const mask = model.sharedCache ? seen * batch * constants.maskSeconds : 0;
  return Math.cbrt(memory ** 3 + compute ** 3) + attention + mask + barriers(constants, model, threads);
}

function prefillSeconds(constants: CostConstants, share: Share, tokens: number): number {
  const { host, model, workers, threads } = share;
  const cores = coresOfEach(share);
  const batches = Math.ceil(tokens / PROMPT_BATCH);
  const memory = (batches * workers * model.weightBytes) / (host.bandwidth * constants.bandwidthShare);
  const compute = (2 * model.parameters * tokens) / (cores * constants.prefillRate[model.weights]);
  const attention = (2 * model.layers * model.heads * model.headDim * tokens ** 2) / (cores * constants.attentionRate);
  return Math.cbrt(memory ** 3 + compute ** 3) + attention + batches * barriers(constants, model, threads);
}

/** Physical cores that each worker has to itself; threads beyond them share. */
function coresOfEach({ host, workers, threads }: Share): number {
  return Math.min(threads, host.cores / workers);
}

function barriers({ layerSeconds, layerThreadSeconds }: CostConstants, { layers }: ModelCost, threads: number): number {
  return layers * (layerSeconds + threads * layerThreadSeconds);
}
