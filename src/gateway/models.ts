import { findModel, namesOf, type ServedModel } from "../served-model.ts";
import { refusal } from "./errors.ts";

/** The model that a request means. @throws CorralError with the status 400 or 404 */
export function modelFor(models: readonly ServedModel[], model: string | null): ServedModel {
  const [only] = models;
  if (model === null) {
    if (only !== undefined && models.length === 1) return only;
    throw refusal(400, `Say which model: ${namesOf(models)}.`, { param: "model" });
  }
  const named = findModel(models, model);
  if (named !== undefined) return named;
  throw refusal(404, `There is no model "${model.slice(0, 100)}" here. Served: ${namesOf(models)}.`, {
    code: "model_not_found",
    param: "model",
  });
}

/** OpenAI's list, with what a person or a router wants to know besides. @param created seconds since 1970 */
export function listModels(models: readonly ServedModel[], created: number): unknown {
  return { object: "list", data: models.map((pool) => describeModel(pool, created)) };
}

/** `meta` has llama-server's names where it has some. */
export function describeModel(pool: ServedModel, created: number): unknown {
  const { model, plan } = pool;
  const { state, workers, slots } = pool.stats();
  return {
    id: pool.name,
    object: "model",
    created,
    owned_by: "corral",
    state,
    ...(pool.aliases && pool.aliases.length > 0 ? { aliases: pool.aliases } : {}),
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
