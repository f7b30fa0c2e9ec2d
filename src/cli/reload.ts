import { Command } from "commander";
import type { ReloadReport } from "../index.ts";
import { adminOption, EXIT_CODES, type RunningFlags, running } from "./running.ts";

const EXAMPLES = `
Examples:
  corral config check && corral reload    take the changed file, after a look at it
  corral reload --json | jq .changed      for scripts

The file is checked whole first: a bad one changes nothing. Only models that changed are started anew, and no request is
lost. SIGHUP does the same, and so does \`systemctl reload\`.
${EXIT_CODES}`;

export function reloadCommand(): Command {
  return new Command("reload")
    .description("have the running corral read its configuration again")
    .addOption(adminOption())
    .option("--json", "print the names of models that were added, removed, changed or left alone as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async ({ json, ...flags }: RunningFlags & { json?: true }) => {
      const report = await (await running(flags)).reload();
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : reloadInWords(report));
      if (report.failed.length > 0) process.exitCode = 1;
    });
}

/** A line for each kind of change that there was. */
export function reloadInWords({ added, removed, changed, unchanged, failed }: ReloadReport): string {
  const lines = Object.entries({ added, removed, changed, unchanged })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}\n`);
  const failures = failed.map(({ model, message }) => `failed: ${model}: ${message}\n`);
  return [...lines, ...failures].join("");
}
