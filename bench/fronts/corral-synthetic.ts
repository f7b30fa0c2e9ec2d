/**
 * corral as `corral serve` puts it together (pool, supervisor, gateway, metrics, log), with the worker that computes
 * nothing in the engine's place. A process of its own, so that its CPU time can be read.
 *
 * usage: corral-synthetic SLOTS PACE
 */
import { createGateway, createMetrics, openPool, type PoolSetup } from "corral";
import { destination, pino } from "pino";
import { syntheticCommand } from "../worker/synthetic-command.ts";

type Engine = NonNullable<PoolSetup["engine"]>;

const SETTINGS = {
  batch: 1,
  flashAttention: "off",
  spin: "active",
  speculation: "off",
  sharedCache: false,
  hugePages: false,
  mapWeights: true,
} as const;

const [slots = 1, pace = 5] = process.argv.slice(2).map(Number);

const engine: Engine = {
  name: "synthetic",
  traits: {
    mostSlots: Number.POSITIVE_INFINITY,
    usualSlots: 1,
    hasPromptCache: false,
    exceedsContext: true,
    keyValueTypes: ["f16"],
    tunables: [],
    usualSettings: () => SETTINGS,
    byHand: { slots: 1, settings: SETTINGS },
    repackedBytes: () => 0,
    replacedBytes: () => 0,
    computeBytes: () => 0,
  },
  takes: () => ({ can: true, why: "it reads no file" }),
  adopt: async ({ path }) => path,
  prepare: async () => ({ path: process.execPath, version: "0", warnings: [] }),
  identity: async () => "synthetic",
  checkArgs: () => {},
  commandLine(_program, { endpoint, keyFile }) {
    if (endpoint.kind !== "tcp") throw new Error("The proxies reach the worker over TCP only.");
    return { ...syntheticCommand({ host: endpoint.host, port: endpoint.port, keyFile, pace }), env: {} };
  },
  classify: () => "exited",
  readPulse: () => null,
  promptStore: null,
};

const log = pino({ level: "info", base: null }, destination({ dest: 2, sync: false }));
const pool = openPool({ model: "echo", workers: 1, threads: 1, slots, transport: "tcp" }, { engine });
const metrics = createMetrics();
metrics.observe(pool);
const gateway = createGateway({ pools: [pool], options: { port: 0 }, log, metrics: metrics.render });

process.once("SIGTERM", async () => {
  await gateway.destroy();
  await pool.destroy();
  process.exit(0);
});

const { url } = await gateway.listen();
console.log(`corral listens on ${url}`);
await pool.ready();
