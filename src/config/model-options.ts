import { z } from "zod";
import { poolOptions, type ResolvedPoolOptions, type WithModel } from "./pool-options.ts";

/** Options of one model among several: those of its pool, and what it is to the others. */
export const modelOptions = poolOptions.safeExtend({
  aliases: z.array(z.string().min(1)).default([]).describe("Other names that clients may use."),
  group: z.string().min(1).optional().describe("Models of one group are never loaded at the same time."),
  start: z
    .enum(["eager", "lazy"])
    .default("eager")
    .describe('When it is loaded: "eager" at once, "lazy" by its first request.'),
});

/** What a caller writes. */
export type ModelOptions = WithModel<z.input<typeof modelOptions>>;
/** What the code sees. */
export type ResolvedModelOptions = z.output<typeof modelOptions> & { readonly name: string };

/** What its pool takes of them. */
export function poolOptionsOf({ aliases, group, start, ...options }: ResolvedModelOptions): ResolvedPoolOptions {
  return options;
}
