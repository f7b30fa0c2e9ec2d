import { Command } from "commander";
import { adminOption, EXIT_CODES, type RunningFlags, running, secondsSince } from "./running.ts";

const EXAMPLES = `
Examples:
  npm install -g corral && corral upgrade    go over to the version that is on the disk now

The running corral starts the new one with the same arguments and hands it its listening sockets. When the new one
serves, the old one lets its requests finish and ends: no connection is refused. If the new one gives up, the old one goes
on, and this command says why. For a while both are in memory: what the old one holds is not free for the new one's plan.

Under systemd use \`systemctl restart corral\`: its socket unit holds the sockets meanwhile.
${EXIT_CODES}`;

export function upgradeCommand(): Command {
  return new Command("upgrade")
    .description("replace the running corral by the version on the disk, without refusing a connection")
    .addOption(adminOption())
    .addHelpText("after", EXAMPLES)
    .action(async (flags: RunningFlags) => {
      const since = performance.now();
      const { pid } = await (await running(flags)).upgrade();
      const text = `process ${pid} serves (${secondsSince(since)}); the old one ends when its requests have been answered`;
      process.stdout.write(`${text}\n`);
    });
}
