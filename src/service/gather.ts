import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { ListenAddress } from "../config/listen.ts";
import type { Plan } from "../plan/plan.ts";
import { look, readerFor } from "./look.ts";
import { hurdle, shownFor } from "./reach.ts";
import type { RunAs, ServiceFacts } from "./unit/facts.ts";
import { streamsOf } from "./unit/streams.ts";

/** What is to become a service. Paths are absolute. */
export interface Wanted {
  readonly name: string;
  readonly run: RunAs;
  /** The command's own file, compiled. */
  readonly main: string;
  readonly config: string;
  readonly listen: readonly ListenAddress[];
  /** Of each model that could be planned. */
  readonly plans: readonly Plan[];
  /** Bytes that all models may take together; null where each takes what its plan says. */
  readonly memory: number | null;
  /** Files of models. */
  readonly models: readonly string[];
  readonly drain: number;
  readonly apiKeyFile: string | null;
}

export interface Gathered {
  readonly facts: ServiceFacts;
  /** Why it would not run as it is, in sentences that end with what to do. */
  readonly hurdles: readonly string[];
}

/** Looks at what the service needs, with the eyes of the user that it will have. @throws CorralError CORRAL_BAD_OPTION */
export async function gather(wanted: Wanted): Promise<Gathered> {
  const { name, run, main, config, listen, plans, memory, models, drain, apiKeyFile } = wanted;
  const node = process.execPath;
  const sights = await Promise.all([node, packageFolder(main), main, config, ...models].map(look));
  const reader = await readerFor(run);
  const isSandboxed = run.kind !== "session";
  const shown = sights.flatMap((sight) => shownFor(sight) ?? []);
  const peak = plans.reduce((sum, plan) => sum + plan.memory.peak, 0);
  return {
    facts: {
      name,
      run,
      node,
      main,
      config,
      sockets: streamsOf(listen, name),
      engines: enginesOf(plans),
      memory: plans.length === 0 ? null : Math.min(peak, memory ?? peak),
      drain,
      apiKeyFile,
      shown: isSandboxed ? [...new Set(shown)].sort() : [],
    },
    hurdles: isSandboxed ? sights.flatMap((sight) => hurdle(sight, reader) ?? []) : [],
  };
}

/** Without a plan nobody knows; most models need llama-server. */
function enginesOf(plans: readonly Plan[]): string[] {
  return plans.length === 0 ? ["llama"] : [...new Set(plans.map(({ engine }) => engine.name))].sort();
}

/** All that the command loads: the checkout, or the folder around the outermost node_modules. */
function packageFolder(main: string): string {
  const at = main.indexOf(`${sep}node_modules${sep}`);
  return at < 0 ? dirname(dirname(dirname(dirname(main)))) : main.slice(0, at + `${sep}node_modules`.length);
}

/** The command's file that goes with this one. */
export function ownMain(): string {
  return fileURLToPath(new URL("../cli/main.js", import.meta.url));
}

/** Where a service's configuration lies, where nothing else is said. */
export function usualConfig(run: RunAs, env: NodeJS.ProcessEnv = process.env): string {
  if (run.kind !== "session") return "/etc/corral/corral.yaml";
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "corral", "corral.yaml");
}
