import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/load.ts";
import { poolOptionsOf, type ResolvedModelOptions } from "../config/model-options.ts";
import { claimOf } from "../plan/memory.ts";
import type { Plan } from "../plan/plan.ts";
import { planPool } from "../pool.ts";
import { look, readerFor } from "./look.ts";
import { hurdle, shownFor } from "./reach.ts";
import type { RunAs, ServiceFacts } from "./unit/facts.ts";
import { streamsOf } from "./unit/streams.ts";

/** What is to become a service. */
export interface Wanted {
  readonly name: string;
  readonly run: RunAs;
  /** The configuration's own file, absolute, and what it says. */
  readonly file: string;
  readonly config: Pick<Config, "gateway" | "corral" | "models" | "files" | "apiKeyFile">;
  /** The command's own file, compiled. */
  readonly main?: string;
}

export interface Gathered {
  readonly facts: ServiceFacts;
  /** Why it would not run as it is, in sentences that end with what to do. */
  readonly hurdles: readonly string[];
}

/** Looks at what the service needs, with the eyes of the user that it will have. @throws CorralError CORRAL_BAD_OPTION */
export async function gather({ name, run, file, config, main = ownMain() }: Wanted): Promise<Gathered> {
  const { gateway, corral, models, files, apiKeyFile } = config;
  const node = process.execPath;
  const sources = models.map(({ source }) => source).filter((source) => source !== "echo");
  const paths = new Set([node, packageFolder(main), main, file, ...files, ...sources]);
  const [plans, reader, ...sights] = await Promise.all([plansOf(models), readerFor(run), ...[...paths].map(look)]);
  const isSandboxed = run.kind !== "session";
  return {
    facts: {
      name,
      run,
      node,
      main,
      config: file,
      sockets: streamsOf(gateway.listen, name),
      engines: enginesOf(plans),
      memory: memoryOf(plans, corral.memory),
      drain: gateway.drainTimeout + Math.max(...models.map((model) => model.drainTimeout + model.killTimeout)),
      apiKeyFile,
      shown: isSandboxed ? [...new Set(sights.flatMap((sight) => shownFor(sight) ?? []))].sort() : [],
    },
    hurdles: isSandboxed ? sights.flatMap((sight) => hurdle(sight, reader) ?? []) : [],
  };
}

/** Null where one can't be planned here and now: why is told when it is served. */
async function plansOf(models: readonly ResolvedModelOptions[]): Promise<readonly Plan[] | null> {
  try {
    return await Promise.all(models.map((options) => planPool(poolOptionsOf(options))));
  } catch {
    return null;
  }
}

/** Without a plan nobody knows; most models need llama-server. */
function enginesOf(plans: readonly Plan[] | null): string[] {
  return plans === null ? ["llama"] : [...new Set(plans.map(({ engine }) => engine.name))].sort();
}

/** Of all models at once, unless the configuration has them share less. */
function memoryOf(plans: readonly Plan[] | null, shared: number | "auto"): number | null {
  if (plans === null) return null;
  const headroom = Math.max(...plans.map(({ memory }) => memory.headroom));
  const all = plans.reduce((sum, plan) => sum + claimOf(plan), headroom);
  return shared === "auto" ? all : Math.min(all, shared);
}

/** All that the command loads: the checkout, or the folder around the outermost node_modules. */
function packageFolder(main: string): string {
  const at = main.indexOf(`${sep}node_modules${sep}`);
  return at < 0 ? dirname(dirname(dirname(dirname(main)))) : main.slice(0, at + `${sep}node_modules`.length);
}

/** That goes with this one. */
function ownMain(): string {
  return fileURLToPath(new URL("../cli/main.js", import.meta.url));
}

/** Where a service's configuration lies, where nothing else is said. */
export function usualConfig(run: RunAs, env: NodeJS.ProcessEnv = process.env): string {
  if (run.kind !== "session") return "/etc/corral/corral.yaml";
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "corral", "corral.yaml");
}
