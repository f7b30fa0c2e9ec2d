import { execa } from "execa";
import { CorralError } from "../errors.ts";

export type Scope = "system" | "user";

/** @throws CorralError CORRAL_SERVICE_FAILED with systemd's own words */
export async function systemctl(scope: Scope, args: readonly string[]): Promise<void> {
  const all = [...flags(scope), ...args];
  try {
    await execa("systemctl", all, { stdin: "ignore" });
  } catch (cause) {
    const { stderr, shortMessage } = cause as { stderr?: string; shortMessage?: string };
    const words = stderr?.trim() || shortMessage || String(cause);
    throw new CorralError(
      "CORRAL_SERVICE_FAILED",
      `systemctl ${args.join(" ")} failed: ${words} Mend that, and try again.`,
      { cause, facts: { command: ["systemctl", ...all] } },
    );
  }
}

/** Lets it write to the terminal. @returns its exit code */
export async function showSystemctl(scope: Scope, args: readonly string[]): Promise<number> {
  const { exitCode } = await execa("systemctl", [...flags(scope), ...args], { stdio: "inherit", reject: false });
  return exitCode ?? 1;
}

function flags(scope: Scope): string[] {
  return scope === "user" ? ["--user"] : [];
}
