import { z } from "zod";

/** Options of many models behind one object. Times are milliseconds, sizes bytes. */
export const corralOptions = z.strictObject({
  /** What all loaded models may take together. Default "auto": what the machine, or the control group, has. */
  memory: z.union([z.number().int().positive(), z.literal("auto")]).default("auto"),
  /** For so long after a model was unloaded for another's sake, and after a model was loaded, none is unloaded so. Default 10000. */
  dwellTime: z.number().int().nonnegative().default(10_000),
  /** How long requests wait for other models to make room for theirs; then 503 with the reason. Default 60000. */
  roomTimeout: z.number().int().nonnegative().default(60_000),
});

export type CorralOptions = z.input<typeof corralOptions>;
export type ResolvedCorralOptions = z.output<typeof corralOptions>;
