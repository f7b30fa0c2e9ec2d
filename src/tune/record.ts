import { z } from "zod";
import { GOALS } from "../plan/goal.ts";
import type { Tuned } from "../plan/tuned.ts";
import { identitySchema } from "./identity.ts";

const count = z.number().int().positive();
const figures = z.object({
  prefill: z.number().positive(),
  decode: z.number().positive(),
  firstToken: z.number().positive(),
  perToken: z.number().positive(),
});

const tunedSchema: z.ZodType<Tuned> = z.object({
  goal: z.enum(GOALS),
  concurrency: count,
  workers: count,
  threads: count,
  slots: count,
  repack: z.boolean(),
  keyValueType: z.enum(["f16", "q8_0"]),
  settings: z.object({
    batch: count,
    flashAttention: z.enum(["auto", "on", "off"]),
    spin: z.enum(["active", "passive"]),
    speculation: z.enum(["off", "ngram"]),
    sharedCache: z.boolean(),
    hugePages: z.boolean(),
    mapWeights: z.boolean(),
  }),
  figures,
  untuned: figures,
  robust: z.boolean(),
  tried: count,
  measuredAt: z.iso.datetime(),
});

/** How candidates are judged in one tuning: samples of another method are not to be compared with them. */
const methodSchema = z.object({
  robust: z.boolean(),
  levels: z.array(count).nonempty(),
  tokens: z.object({ prompt: count, answer: count }),
  /** Tokens of each slot. */
  context: count,
  /** Of the candidate the search began with. */
  start: z.string(),
});

const trialSchema = z.object({
  /** Of the candidate: see keyOf. */
  candidate: z.string(),
  /** Empty: it can't run here. */
  sample: z.array(z.object({ concurrency: count, isNoisy: z.boolean(), figures })),
  seconds: z.number().nonnegative(),
});

/** A file of the store: what was measured, in order, and what came of it. */
export const recordSchema = z.object({
  format: z.literal(1),
  identity: identitySchema,
  method: methodSchema,
  trials: z.array(trialSchema),
  /** The best so far; null before anything was compared. */
  tuned: tunedSchema.nullable(),
  /** False where the search was interrupted or its budget ended. */
  isComplete: z.boolean(),
});

export type TuneRecord = z.infer<typeof recordSchema>;
export type Method = z.infer<typeof methodSchema>;
export type Trial = z.infer<typeof trialSchema>;
