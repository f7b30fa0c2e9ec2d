import { z } from "zod";

const milliseconds = z.number().int().positive();

/** Options of the HTTP front. Times are milliseconds, sizes bytes. */
export const gatewayOptions = z.strictObject({
  /** Address to listen on. Default "127.0.0.1". */
  host: z.string().min(1).default("127.0.0.1"),
  /** Port; 0 picks a free one. Default 8080. */
  port: z.number().int().min(0).max(65_535).default(8_080),
  /** Keys that clients may use, as `Authorization: Bearer KEY` or `x-api-key: KEY`. Default none: everyone may. */
  apiKeys: z.array(z.string().min(1)).default([]),
  /** Largest request body; more is 413. Default 32 MiB. */
  bodyLimit: z
    .number()
    .int()
    .positive()
    .default(32 * 1024 * 1024),
  /** How long a request body may take to arrive; longer is 408. Default 30000. */
  bodyTimeout: milliseconds.default(30_000),
  /** How long a request's head may take to arrive; longer is 408. Default 10000. */
  headersTimeout: milliseconds.default(10_000),
  /** How long an idle connection is kept; longer than the 60 s of common load balancers. Default 75000. */
  keepAliveTimeout: milliseconds.default(75_000),
  /** How long a drain waits for running requests before they are ended with an error. Default 30000. */
  drainTimeout: z.number().int().nonnegative().default(30_000),
  /** How deep a JSON body may nest; deeper is 400. Default 64. */
  jsonDepth: z.number().int().positive().default(64),
  /** Log prompts and answers too. Default false. */
  logContent: z.boolean().default(false),
  /** "silent", "error", "warn", "info" or "debug". Default "info". */
  logLevel: z.enum(["silent", "error", "warn", "info", "debug"]).default("info"),
});

export type GatewayOptions = z.input<typeof gatewayOptions>;
export type ResolvedGatewayOptions = z.output<typeof gatewayOptions>;
