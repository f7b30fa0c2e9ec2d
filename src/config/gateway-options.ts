import { z } from "zod";
import { bytes, count, milliseconds, someMilliseconds } from "./kinds.ts";
import { type ListenAddress, listenedTwice, listenText, parseListen } from "./listen.ts";

/** An address as a person writes it. */
const listenAddress = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform((given, context): ListenAddress => {
    const parsed = parseListen(String(given));
    if (parsed.kind === "address") return parsed.address;
    context.addIssue({ code: "custom", message: parsed.expected });
    return z.NEVER;
  })
  .meta({ title: "address" });

/** Addresses that were parsed before: what a caller has from loadConfig. */
const parsedAddress = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tcp"), host: z.string(), port: z.number().int() }).readonly(),
  z.strictObject({ kind: z.literal("unix"), path: z.string() }).readonly(),
  z.strictObject({ kind: z.literal("systemd") }).readonly(),
]);

/** One address, or several of them. */
export const listenAddresses = z
  .union([listenAddress.transform((address) => [address]), z.array(listenAddress).min(1)])
  .superRefine((addresses, context) => {
    const twice = listenedTwice(addresses);
    if (twice !== undefined)
      context.addIssue({ code: "custom", message: `named once: ${listenText(twice)} is there twice` });
  });

/** Options of the HTTP front. Times are milliseconds, sizes bytes. */
export const gatewayOptions = z.strictObject({
  listen: z
    .union([listenAddresses, z.array(parsedAddress).min(1).readonly()])
    .optional()
    .describe(
      'Where it listens, one address or several: "HOST:PORT", a port alone for 127.0.0.1, "unix:/PATH", or "systemd" for the sockets that a socket unit holds. Without it: `host` and `port`.',
    ),
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on, where `listen` is not given."),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8_080)
    .describe("Port to listen on, where `listen` is not given; 0 picks a free one."),
  apiKeys: z
    .array(z.string().min(1))
    .default([])
    .describe("Keys that clients may use, as `Authorization: Bearer KEY` or `x-api-key: KEY`. None: everyone may."),
  bodyLimit: bytes.prefault("32MiB").describe("Largest request body; more is 413."),
  bodyTimeout: someMilliseconds.default(30_000).describe("How long a request body may take to arrive; longer is 408."),
  headersTimeout: someMilliseconds
    .default(10_000)
    .describe("How long a request's head may take to arrive; longer is 408."),
  keepAliveTimeout: someMilliseconds
    .default(75_000)
    .describe("How long an idle connection is kept; longer than the 60 s of common load balancers."),
  drainTimeout: milliseconds
    .default(30_000)
    .describe("How long a drain waits for running requests before they are ended with an error."),
  jsonDepth: count.default(64).describe("How deep a JSON body may nest; deeper is 400."),
  logContent: z.boolean().default(false).describe("Log prompts and answers, too."),
  logLevel: z
    .enum(["silent", "error", "warn", "info", "debug"])
    .default("info")
    .describe("What is logged: this and what is more severe."),
});

/** What a caller writes. */
export type GatewayOptions = z.input<typeof gatewayOptions>;
/** What the code sees: `listen` is what counts, `host` and `port` are in it where it was not given. */
export type ResolvedGatewayOptions = Omit<z.output<typeof gatewayOptions>, "listen"> & {
  readonly listen: readonly ListenAddress[];
};
