import type { Purpose } from "../model/description.ts";
import type { Goal, Load } from "./goal.ts";

/**
 * Tokens of a chat's turn. Production traces have four to six times as many in prompts as in answers (1,155 and 211 in a
 * published one); on CPUs people keep both shorter.
 */
const USUAL_PROMPT = 512;
const USUAL_ANSWER = 128;

/** Of a request's context that its prompt takes at most. */
const PROMPT_SHARE = 0.8;

/** From published grids of 32 to 192-core hosts: a group of about so many cores is what sequences are counted for. */
const CORES = 8;

/**
 * Requests at once for each group of cores. On those hosts 4 to 8 sequences keep 8 cores busy: with fewer the weights are
 * read for too few, with more everybody waits. Two are the least that a service meets.
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
