import { execa } from "execa";
import { CorralError } from "../../src/errors.ts";
import { installHint } from "../install-hint.ts";

interface GitOptions {
  cwd: string;
  /** Added to an environment that has no GIT_* variables and no configuration of the user or the system. */
  env?: Readonly<Record<string, string>>;
  input?: Uint8Array;
  signal?: AbortSignal | undefined;
}

/**
 * Runs git as it would behave for anybody: no configuration, hooks, templates or variables of this user. Resolves to
 * what it printed, as bytes: paths need not be UTF-8. Throws CORRAL_TOOL_MISSING, CORRAL_SOURCE_UNAVAILABLE.
 */
export async function git(args: readonly string[], { cwd, env, input, signal }: GitOptions): Promise<Buffer> {
  const result = await execa("git", [...PLAIN_CONFIG, ...args], {
    cwd,
    env: { ...plainEnvironment(), ...env },
    extendEnv: false,
    encoding: "buffer",
    reject: false,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (result.code === "ENOENT") throw gitMissing(result);
  if (result.failed) {
    const said = Buffer.from(result.stderr).toString().trim() || result.shortMessage;
    throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", `git ${args[0]} failed: ${said}`, { cause: result });
  }
  return Buffer.from(result.stdout);
}

const PLAIN_CONFIG = ["core.autocrlf=false", "core.hooksPath=/dev/null", "core.fsmonitor=false"].flatMap((setting) => [
  "-c",
  setting,
]);

/** GIT_DIR and its kin are set where corral runs from a git hook. GIT_CONFIG_GLOBAL is known since git 2.32, HOME to all. */
function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(GIT_|XDG_CONFIG_HOME$)/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}

function gitMissing(cause: unknown): CorralError {
  return new CorralError(
    "CORRAL_TOOL_MISSING",
    `git is not installed, and it proves that a source is upstream's.\n${installHint(["git"])}`,
    { cause, facts: { missing: ["git"] } },
  );
}
