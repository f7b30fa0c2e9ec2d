import type { Pool } from "../pool-types.ts";
import { refusal } from "./errors.ts";

/** The pool that a request means. @throws CorralError with the status 400 or 404 */
export function poolFor(pools: readonly Pool[], model: string | null): Pool {
  const [only] = pools;
  if (model === null) {
    if (only !== undefined && pools.length === 1) return only;
    throw refusal(400, `Say which model: ${namesOf(pools)}.`, { param: "model" });
  }
  const pool = pools.find(({ name }) => name === model);
  if (pool !== undefined) return pool;
  throw refusal(404, `There is no model "${model.slice(0, 100)}" here. Served: ${namesOf(pools)}.`, {
    code: "model_not_found",
    param: "model",
  });
}

/** OpenAI's list, with what a person or a router wants to know besides. @param created seconds since 1970 */
export function listModels(pools: readonly Pool[], created: number): unknown {
  return { object: "list", data: pools.map((pool) => describeModel(pool, created)) };
}

/** `meta` has llama-server's names where it has some. */
export function describeModel(pool: Pool, created: number): unknown {
  const { model, plan } = pool;
  const { state, workers, slots } = pool.stats();
  return {
    id: pool.name,
    object: "model",
    created,
    owned_by: "corral",
    state,
    meta: {
      ...(model && {
        architecture: model.architecture,
        quantisation: model.quantisation,
        n_params: model.parameters,
        n_vocab: model.vocabulary,
        n_embd: model.embeddingLength,
        n_ctx_train: model.contextLength,
        size: model.files.reduce((sum, { bytes }) => sum + bytes, 0),
      }),
      ...(plan && { n_ctx: plan.context }),
      workers: workers.length,
      slots: slots.total,
    },
  };
}

function namesOf(pools: readonly Pool[]): string {
  return pools.map(({ name }) => name).join(", ");
}
