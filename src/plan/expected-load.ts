import type { Purpose } from "../model/description.ts";
import type { Goal, Load } from "./goal.ts";

/**
 * Tokens of a chat's turn. Prompts are some four times as long as answers in production: 1,183 and 254 on average in
 * 4,000 conversations of Azure's LLM inference trace of 2023. On CPUs people keep both shorter.
 */
const USUAL_PROMPT = 512;
const USUAL_ANSWER = 128;

/** Of a request's context that its prompt takes at most. */
const PROMPT_SHARE = 0.8;

/** From published grids of 32 to 192-core hosts: a group of about so many cores is what sequences are counted for. */
const CORES = 8;

/**
 * Requests at once for each group of cores. On those hosts 4 to 8 sequences keep 8 cores busy: with fewer the weights
 * are read for too few, with more everybody waits. Two are the least that a service meets.
 */
const SEQUENCES: Readonly<Record<Goal, number>> = { latency: 2, balanced: 4, throughput: 8 };

/** Requests at once that a plan is made for where nobody says. */
export function usualConcurrency(goal: Goal, cores: number): number {
  return SEQUENCES[goal] * Math.max(1, Math.round(cores / CORES));
}

/** What plans are judged by. @param context tokens that one request may use */
export function expectedLoad(concurrency: number, context: number, purpose: Purpose): Load {
  const prompt = Math.max(1, Math.min(USUAL_PROMPT, Math.floor(context * PROMPT_SHARE)));
  // What embeds or ranks answers with numbers, not with tokens.
  return {
    concurrency,
    prompt,
    answer: purpose === "text" ? Math.min(USUAL_ANSWER, Math.max(1, context - prompt)) : 0,
  };
}
