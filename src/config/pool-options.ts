import { z } from "zod";
import { auto, bytes, count, milliseconds, someMilliseconds } from "./kinds.ts";

/** Each option by itself. */
const fields = z.strictObject({
  source: z
    .string()
    .min(1)
    .default("echo")
    .describe('A GGUF file, chatglm.cpp\'s .bin file, or "echo" for the built-in echo model.'),
  name: z
    .string()
    .min(1)
    .optional()
    .describe("What clients call the model. Without it: the file's name without its ending."),
  engine: z
    .enum(["auto", "llama", "chatglm"])
    .default("auto")
    .describe(
      'What serves it. "auto": llama where the model is a GGUF file or can be made one without loss, else chatglm.',
    ),
  goal: z
    .enum(["latency", "balanced", "throughput"])
    .default("balanced")
    .describe("What the plan is to be good at: one answer soon, many answers, or both in balance."),
  concurrency: z
    .union([count, auto])
    .default("auto")
    .describe('Requests at once that the plan is made for. "auto": what suits the machine.'),
  workers: z
    .union([count, auto])
    .default("auto")
    .describe(
      'Worker processes. "auto": what is measured, else predicted, to be best; planned anew when the machine\'s limits change.',
    ),
  minWorkers: z
    .union([count, auto])
    .default("auto")
    .describe(
      'Fewest workers while there are requests. "auto": `workers` where that is a number, else 1 with `maxWorkers`, else all.',
    ),
  maxWorkers: z
    .union([count, auto])
    .default("auto")
    .describe('Most workers that load may start; fewer where they don\'t fit. "auto": as many as `workers` says.'),
  scaleUpDelay: milliseconds
    .default(1_000)
    .describe("The head of the queue has waited for so long: one more worker is started."),
  scaleUpCooldown: milliseconds
    .default(10_000)
    .describe("For so long after a worker was started or ended no other is started for load."),
  scaleDownDelay: milliseconds.default(300_000).describe("One worker fewer would have done for so long: one is ended."),
  idleTimeout: milliseconds
    .default(0)
    .describe("Without a request for so long all workers are ended; the next request starts them and waits. 0: never."),
  threads: z
    .union([count, auto])
    .default("auto")
    .describe('Threads of each worker. "auto": as many as the worker has CPUs.'),
  slots: z
    .union([count, auto])
    .default("auto")
    .describe('Concurrent sequences in each worker. "auto": the plan picks 1, 4 or 8.'),
  context: z
    .union([count, auto])
    .default("auto")
    .describe(
      'Tokens one request may use, prompt and answer together. "auto": what the model was trained for, at most 8192.',
    ),
  repack: z
    .union([z.boolean(), auto])
    .default("auto")
    .describe('Repack weights for this CPU: faster, and a private copy in each worker. "auto": when it fits.'),
  keyValueType: z
    .union([z.enum(["f16", "q8_0"]), auto])
    .default("auto")
    .describe('How keys and values are kept: q8_0 takes about half of f16\'s memory. "auto": f16 where it fits.'),
  promptCache: z
    .union([bytes, z.literal(0), auto])
    .prefault("auto")
    .describe(
      'What each worker keeps in RAM of the prompts that its slots hold no more, in whole MiB. "auto": a quarter of what memory has left, shared out, 8 GiB in all at most. 0: nothing.',
    ),
  batch: z
    .union([count, auto])
    .default("auto")
    .describe('Tokens computed at once. "auto": as tuned, else 128 where requests share a worker and 512 where not.'),
  flashAttention: z
    .union([z.enum(["on", "off"]), auto])
    .default("auto")
    .describe('Attention computed in one go. "auto": as tuned, else the engine\'s own choice.'),
  spin: z
    .union([z.enum(["active", "passive"]), auto])
    .default("auto")
    .describe('How threads wait for each other: spinning or sleeping. "auto": as tuned, else "active".'),
  sharedCache: z
    .union([z.boolean(), auto])
    .default("auto")
    .describe('One buffer of keys and values for all slots of a worker. "auto": as tuned, else false.'),
  speculation: z
    .union([z.enum(["off", "ngram"]), auto])
    .default("auto")
    .describe('Guess tokens from the text so far. "auto": as tuned, else "off".'),
  hugePages: z
    .union([z.boolean(), auto])
    .default("auto")
    .describe('2 MiB pages for what workers allocate. "auto": as tuned, else true where the engine is llama.'),
  mapWeights: z
    .union([z.boolean(), auto])
    .default("auto")
    .describe(
      'Read weights that are not repacked from the model file\'s pages, which workers share; false: a copy in each worker, quicker with huge pages. "auto": as tuned, else true.',
    ),
  hotPrompts: z
    .number()
    .int()
    .nonnegative()
    .default(4)
    .describe(
      "System prompts shared by many chats that are kept in files, computed, for workers that have not seen them. 0: none.",
    ),
  transport: z
    .enum(["unix", "tcp"])
    .default("unix")
    .describe('How the gateway talks to workers: Unix sockets, or "tcp" on loopback.'),
  arithmetic: z
    .enum(["safe", "fast"])
    .default("safe")
    .describe('"fast": half-precision sums where the CPU has them (AVX512-FP16): faster, and wrong for some models.'),
  args: z
    .array(z.string())
    .default([])
    .describe(
      "More flags for the engine, behind corral's own. Those that corral owns (address, key, threads, slots...) are refused.",
    ),
  queueLimit: z
    .number()
    .int()
    .nonnegative()
    .default(256)
    .describe("Requests that may wait for a slot; more are refused with 429."),
  queueBytes: bytes
    .prefault("256MiB")
    .describe("Bodies of requests that wait, together; where the next one is too many, it is refused with 429."),
  policy: z
    .enum(["predicted-time", "least-busy", "round-robin", "consistent-hash"])
    .default("predicted-time")
    .describe(
      "How workers are chosen: where the answer should be there first, the one with most free slots, each in its turn, or the same for all turns of a conversation.",
    ),
  requestTimeout: milliseconds
    .default(0)
    .describe(
      "The first token is wanted within so long, unless the request says otherwise; what can't have it is refused with 429. 0: whenever it comes.",
    ),
  retryBudget: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe(
      "Requests that may be sent a second time when their worker was lost before it had answered, as a share of all; 20 in 10 s may always.",
    ),
  poisonMemory: milliseconds
    .default(86_400_000)
    .describe("How long a request is refused that has killed a worker which served nobody else."),
  continueAnswers: z
    .boolean()
    .default(true)
    .describe(
      "A streamed answer whose worker is lost in the middle goes on at another worker, where that can be exact.",
    ),
  startTimeout: milliseconds.default(600_000).describe("How long a worker may take to become ready."),
  probeInterval: someMilliseconds.default(1_000).describe("How often each worker is probed."),
  probeTimeout: someMilliseconds
    .default(3_000)
    .describe("A probe that takes longer has failed; three in a row and the worker is replaced."),
  stallTimeout: someMilliseconds
    .default(30_000)
    .describe(
      "A busy worker that has sent no byte for so long and uses no CPU time is replaced; sooner where its usual pauses are shorter.",
    ),
  drainTimeout: milliseconds.default(30_000).describe("How long a drain of this model waits for running requests."),
  moveTimeout: milliseconds
    .default(5_000)
    .describe(
      "Where a worker is replaced or fewer are needed: how long running requests stay in it before they go on in another.",
    ),
  killTimeout: milliseconds.default(5_000).describe("How long a worker may take to end after SIGTERM before SIGKILL."),
});

/**
 * Options of one pool. This schema is the only place where their defaults are: all code behind it sees resolved values.
 * Times are milliseconds, sizes bytes, unless a name says otherwise.
 */
export const poolOptions: typeof fields = fields
  .refine(({ minWorkers, maxWorkers }) => isAtMost(minWorkers, maxWorkers), {
    path: ["minWorkers"],
    error: "at most maxWorkers",
  })
  .refine(({ workers, maxWorkers }) => isAtMost(workers, maxWorkers), {
    path: ["workers"],
    error: "at most maxWorkers",
  })
  .refine(({ minWorkers, workers }) => isAtMost(minWorkers, workers), {
    path: ["minWorkers"],
    error: "at most workers",
  });

function isAtMost(less: number | "auto", more: number | "auto"): boolean {
  return less === "auto" || more === "auto" || less <= more;
}

/** What a caller writes. */
export type PoolOptions = WithModel<z.input<typeof poolOptions>>;
/** What the code sees. */
export type ResolvedPoolOptions = z.output<typeof poolOptions>;

/** `model` is another name of `source`. */
export type WithModel<T> = T & { model?: string | undefined };
