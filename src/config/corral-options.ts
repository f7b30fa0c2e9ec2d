import { z } from "zod";
import { auto, bytes, milliseconds } from "./kinds.ts";

/** Options of many models behind one object. Times are milliseconds, sizes bytes. */
export const corralOptions = z.strictObject({
  memory: z
    .union([bytes, auto])
    .prefault("auto")
    .describe('What all loaded models may take together. "auto": what the machine, or the control group, has.'),
  dwellTime: milliseconds
    .default(10_000)
    .describe(
      "For so long after a model was unloaded for another's sake, and after a model was loaded, none is unloaded so.",
    ),
  roomTimeout: milliseconds
    .default(60_000)
    .describe("How long requests wait for other models to make room for theirs; then 503 with the reason."),
});

export type CorralOptions = z.input<typeof corralOptions>;
export type ResolvedCorralOptions = z.output<typeof corralOptions>;
