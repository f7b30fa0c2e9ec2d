import { randomInt } from "node:crypto";
import { CorralError } from "../errors.ts";
import type { Pool } from "../pool-types.ts";
import { type Answer, AnswerSink, type Missed } from "./answer.ts";
import { figuresOf, type LoadFigures } from "./figures.ts";
import { Prompts, type RequestShape } from "./prompts.ts";

export type { LoadFigures, RequestShape };

/** What to ask, and how many at once. */
export interface LoadSpec {
  /** Askers at once; each asks again when it has its answer. */
  readonly concurrency: number;
  /** Requests that are measured; at least `concurrency`. Best a multiple of it: at the end askers run out of work. */
  readonly requests: number;
  /** Tokens of the requests, one after the other, then from the front again. Answers are of 2 tokens at least. */
  readonly shapes: readonly RequestShape[];
  /** Requests before those that are measured. Default: `concurrency`; 0 for a pool that has just been asked. */
  readonly warmUp?: number | undefined;
  /** Of the prompts. Default: another one each time, since what was asked before may come out of a cache. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called at each answer, warm-up not among them, with how many there are. */
  readonly onAnswer?: ((done: number) => void) | undefined;
}

export type LoadedPool = Pick<Pool, "exchange" | "model" | "plan" | "ready">;

/** Tokens of an answer that warms up: the memory of a slot has been touched by then. */
const WARM_UP_ANSWER = 4;

/**
 * Asks a pool as clients do, and measures. Prompts are random token ids, answers greedy and of exactly the length asked
 * for: speed does not depend on what is said, but for `speculation`, which guesses from the text: what it gains here is
 * not what it gains with texts of people.
 * @throws CorralError CORRAL_BAD_OPTION, CORRAL_MODEL_UNSUPPORTED, what `pool.ready()` throws; where no request got its
 * answer, why the first did not; the signal's reason
 */
export async function measureLoad(pool: LoadedPool, spec: LoadSpec): Promise<LoadFigures> {
  const { concurrency, requests, shapes, warmUp = concurrency, signal } = spec;
  checkCounts(spec);
  await pool.ready();
  checkLengths(shapes, pool);
  const prompts = promptsFor(pool, spec);
  const warmUps = shapes.map(({ prompt, answer }) => ({ prompt, answer: Math.min(answer, WARM_UP_ANSWER) }));
  insist(await askInLoops(pool, prompts, { concurrency, requests: warmUp, shapes: warmUps, signal }));

  const started = performance.now();
  const answers = await askInLoops(pool, prompts, { ...spec, requests });
  const seconds = (performance.now() - started) / 1000;
  insist(answers);
  return figuresOf({ concurrency, seconds, answers });
}

function promptsFor({ model }: LoadedPool, { seed = randomInt(2 ** 32) }: LoadSpec): Prompts {
  if (model === null) throw new CorralError("CORRAL_INTERNAL", "a pool that is ready has no model; report this");
  return new Prompts(model, seed);
}

async function askInLoops(pool: LoadedPool, prompts: Prompts, spec: LoadSpec): Promise<Answer[]> {
  const { concurrency, requests, shapes, signal, onAnswer } = spec;
  const answers: Answer[] = [];
  let asked = 0;
  const loop = async (): Promise<void> => {
    while (asked < requests) {
      signal?.throwIfAborted();
      const shape = shapes[asked % shapes.length] as RequestShape;
      asked += 1;
      answers.push(await askOne(pool, prompts, shape, signal));
      onAnswer?.(answers.length);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  signal?.throwIfAborted();
  return answers;
}

async function askOne(
  pool: LoadedPool,
  prompts: Prompts,
  shape: RequestShape,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const request = prompts.request(shape);
  const sink = new AnswerSink();
  const facts = await pool.exchange(request, sink, { signal });
  return sink.answer(facts, shape.answer);
}

/** Some failures are figures; nothing but failures is an error. */
function insist(answers: readonly Answer[]): void {
  const [first] = answers.filter((answer): answer is Missed => answer.kind === "missed");
  if (first === undefined || answers.some(({ kind }) => kind === "served")) return;
  const code = first.error instanceof CorralError ? first.error.code : "CORRAL_WORKER_ANSWERED";
  const message = `none of ${answers.length} requests was answered as asked; the first: ${first.why}. See what its workers say: CORRAL_LOG_LEVEL=debug corral serve`;
  throw new CorralError(code, message, { cause: first.error ?? undefined, facts: { requests: answers.length } });
}

function checkCounts({ concurrency, requests, shapes, warmUp = 0 }: LoadSpec): void {
  const whole = (value: number, least: number): boolean => Number.isSafeInteger(value) && value >= least;
  if (!whole(concurrency, 1)) throw badOption("concurrency", "a whole number from 1 on");
  if (!whole(requests, concurrency))
    throw badOption("requests", `a whole number from the concurrency, ${concurrency}, on`);
  if (!whole(warmUp, 0)) throw badOption("warmUp", "a whole number from 0 on");
  if (shapes.length === 0 || !shapes.every(({ prompt, answer }) => whole(prompt, 1) && whole(answer, 2))) {
    throw badOption("shapes", "one or more of at least 1 prompt token and 2 answer tokens");
  }
}

function checkLengths(shapes: readonly RequestShape[], { plan }: LoadedPool): void {
  const longest = Math.max(...shapes.map(({ prompt, answer }) => prompt + answer));
  const context = plan?.context ?? longest;
  if (longest <= context) return;
  const message = `a request of ${longest} tokens is longer than the context of ${context}; ask for less, or give --context ${longest}.`;
  throw new CorralError("CORRAL_BAD_OPTION", message, { facts: { option: "shapes", longest, context } });
}

function badOption(option: string, needed: string): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", `${option} must be ${needed}; correct it.`, { facts: { option } });
}
