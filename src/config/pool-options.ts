import { z } from "zod";

const auto = z.literal("auto");
const positive = z.number().int().positive();
const milliseconds = z.number().int().nonnegative();

/** Each option by itself. */
const fields = z.strictObject({
  /** A GGUF file, chatglm.cpp's .bin file, or "echo" for the built-in echo model. Default "echo". */
  model: z.string().min(1).default("echo"),
  /** What clients call the model. Default: the file's name without its ending. */
  name: z.string().min(1).optional(),
  /** What serves it. Default "auto": llama where the model is a GGUF file or can be made one without loss, else chatglm. */
  engine: z.enum(["auto", "llama", "chatglm"]).default("auto"),
  /** What the plan is to be good at: one answer soon, many answers, or both in balance. Default "balanced". */
  goal: z.enum(["latency", "balanced", "throughput"]).default("balanced"),
  /** Requests at once that the plan is made for. Default "auto": what suits the machine. */
  concurrency: z.union([positive, auto]).default("auto"),
  /** Worker processes. Default "auto": what is measured, else predicted, to be best; planned anew when the machine's limits change. */
  workers: z.union([positive, auto]).default("auto"),
  /** Fewest workers while there are requests. Default "auto": `workers` where that is a number, else 1 with `maxWorkers`, else all. */
  minWorkers: z.union([positive, auto]).default("auto"),
  /** Most workers that load may start; fewer where they don't fit. Default "auto": as many as `workers` says. */
  maxWorkers: z.union([positive, auto]).default("auto"),
  /** The head of the queue has waited for so long: one more worker is started. Default 1000. */
  scaleUpDelay: milliseconds.default(1_000),
  /** For so long after a worker was started or ended no other is started for load. Default 10000. */
  scaleUpCooldown: milliseconds.default(10_000),
  /** One worker fewer would have done for so long: one is ended. Default 300000. */
  scaleDownDelay: milliseconds.default(300_000),
  /** Without a request for so long all workers are ended; the next request starts them and waits. Default 0: never. */
  idleTimeout: milliseconds.default(0),
  /** Threads of each worker. Default "auto": as many as the worker has CPUs. */
  threads: z.union([positive, auto]).default("auto"),
  /** Concurrent sequences in each worker. Default "auto": the plan picks 1, 4 or 8. */
  slots: z.union([positive, auto]).default("auto"),
  /** Tokens one request may use, prompt and answer together. Default "auto": what the model was trained for, at most 8192. */
  context: z.union([positive, auto]).default("auto"),
  /** Repack weights for this CPU: faster, and a private copy in each worker. Default "auto": when it fits. */
  repack: z.union([z.boolean(), auto]).default("auto"),
  /** How keys and values are kept: q8_0 takes about half of f16's memory. Default "auto": f16 where it fits. */
  keyValueType: z.union([z.enum(["f16", "q8_0"]), auto]).default("auto"),
  /** Tokens computed at once. Default "auto": as tuned, else 128 where requests share a worker and 512 where not. */
  batch: z.union([positive, auto]).default("auto"),
  /** Default "auto": as tuned, else the engine's own choice. */
  flashAttention: z.union([z.enum(["on", "off"]), auto]).default("auto"),
  /** How threads wait for each other: spinning or sleeping. Default "auto": as tuned, else "active". */
  spin: z.union([z.enum(["active", "passive"]), auto]).default("auto"),
  /** One buffer of keys and values for all slots of a worker. Default "auto": as tuned, else false. */
  sharedCache: z.union([z.boolean(), auto]).default("auto"),
  /** Guess tokens from the text so far. Default "auto": as tuned, else "off". */
  speculation: z.union([z.enum(["off", "ngram"]), auto]).default("auto"),
  /** 2 MiB pages for what workers allocate. Default "auto": as tuned, else false. */
  hugePages: z.union([z.boolean(), auto]).default("auto"),
  /** How the gateway talks to workers. Default "unix"; "tcp" listens on loopback. */
  transport: z.enum(["unix", "tcp"]).default("unix"),
  /** Half-precision sums where the CPU has them (AVX512-FP16): faster, and wrong for some models. Default "safe". */
  arithmetic: z.enum(["safe", "fast"]).default("safe"),
  /** More flags for the engine, behind corral's own. Those that corral owns (address, key, threads, slots...) are refused. Default none. */
  args: z.array(z.string()).default([]),
  /** Requests that may wait for a slot; more are refused with 429. Default 256. */
  queueLimit: z.number().int().nonnegative().default(256),
  /** How long a worker may take to become ready. Default 600000. */
  startTimeout: milliseconds.default(600_000),
  /** How often each worker is probed. Default 1000. */
  probeInterval: positive.default(1_000),
  /** A probe that takes longer has failed; three in a row and the worker is replaced. Default 3000. */
  probeTimeout: positive.default(3_000),
  /** A busy worker that has sent no byte for so long and uses no CPU time is replaced. Default 30000. */
  stallTimeout: positive.default(30_000),
  /** How long a drain waits for running requests. Default 30000. */
  drainTimeout: milliseconds.default(30_000),
  /** How long a worker may take to end after SIGTERM before SIGKILL. Default 5000. */
  killTimeout: milliseconds.default(5_000),
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
export type PoolOptions = z.input<typeof poolOptions>;
/** What the code sees. */
export type ResolvedPoolOptions = z.output<typeof poolOptions>;
