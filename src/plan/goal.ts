/** What a plan is good at: one request's answer soon, many requests' tokens, or both in balance. */
export type Goal = "latency" | "balanced" | "throughput";

export const GOALS = ["latency", "balanced", "throughput"] as const satisfies readonly Goal[];

/** What a shape gives under a load, predicted or measured. */
export interface Figures {
  /** Prompt tokens a second, all workers together. */
  readonly prefill: number;
  /** Answer tokens a second, all requests together. */
  readonly decode: number;
  /** Seconds from a request to its first token. */
  readonly firstToken: number;
  /** Seconds from one token of an answer to the next. */
  readonly perToken: number;
}

/** The requests that a shape is judged by. */
export interface Load {
  /** Requests at once. */
  readonly concurrency: number;
  /** Tokens of each. */
  readonly prompt: number;
  readonly answer: number;
}

/**
 * How good these figures are for the goal; more is better, and only ratios of scores mean something. "throughput" is
 * requests a second, "latency" one over the seconds of a request, "balanced" their geometric mean.
 */
export function scoreOf(goal: Goal, figures: Figures, { prompt, answer }: Load): number {
  const throughput = 1 / (prompt / figures.prefill + answer / figures.decode);
  const speed = 1 / (figures.firstToken + answer * figures.perToken);
  switch (goal) {
    case "throughput":
      return throughput;
    case "latency":
      return speed;
    case "balanced":
      return Math.sqrt(throughput * speed);
  }
}
