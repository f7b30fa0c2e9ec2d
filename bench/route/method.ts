import type { WorkerShape } from "./worker.ts";

/** What of a run is chosen. */
export interface Scope {
  readonly sizes: readonly number[];
  readonly policies: readonly string[];
  /** Share of the workers' time, 0 to 1. */
  readonly load: number;
}

export const CONTEXT = 8_192;

export function methodText({ sizes, load }: Scope, { slots, batch, cacheTokens, speed }: WorkerShape): string {
  return `Method. Nothing is measured: a discrete-event simulation, the same figures on every machine. What decides is the
gateway's own code (src/route); what is simulated are the workers: llama-server's choice of slots, its prompt cache in RAM,
prompts computed in batches of ${batch} tokens that share steps with running answers; ${slots} slots of ${CONTEXT} tokens, a prompt cache
of ${cacheTokens} tokens. Speed: one of 12 workers of 8 cores on a 96-core EPYC Genoa with Llama 3.2 3B Q4_K_M, as measured
(bench/data): ${speed.prefill.toFixed(1)} tokens a second of a prompt, ${speed.decode(1).toFixed(1)} of an answer, ${speed.decode(slots).toFixed(1)} of each of ${slots} answers at once. Attention over a
long context costs nothing more, and neither do moves between slots and the cache. Requests of the traces keep their
order, lengths (Mooncake by 16, Azure by 8) and shared blocks; time is stretched so that without any cache they would take
${(100 * load).toFixed(0)}% of the workers' time. For more workers than a trace can occupy (${sizes.join(", ")} here) copies of it with other texts
are laid over each other. The policies know what the gateway knows: no lengths of answers, speeds as learned from answers.`;
}
