import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  CorralError,
  type Gathered,
  gatherService,
  installUnits,
  loadConfig,
  type RunAs,
  showStatus,
  type Unit,
  uninstallUnits,
  unitFolder,
  unitsFor,
  usualConfig,
} from "../index.ts";
import { coloursFor } from "./terminal/colour.ts";

interface Where {
  readonly user?: true;
  readonly name: string;
}

interface InstallFlags extends Where {
  readonly config?: string;
  readonly dynamicUser?: true;
  readonly runAs?: string;
  readonly socket?: string[];
  readonly start: boolean;
  readonly force?: true;
  readonly dryRun?: true;
}

const EXAMPLES = `
Examples:
  corral service install --dry-run                     print the units, write nothing
  corral service install                               /etc/corral/corral.yaml, a user of its own, started now and at boot
  corral service install --config /srv/llm/corral.yaml --socket 0.0.0.0:8080 --socket unix:/run/corral.sock
  corral service install --run-as llm                  a user that there is, for models that only they may read
  corral service install --user                        in your own systemd: ~/.config/corral/corral.yaml
  corral service status
  corral service uninstall

What the service may see and do, and how to change its units: docs/service.md.`;

export function serviceCommand(): Command {
  const install = command("install", "write units for systemd, and start them")
    .option(
      "--config <file>",
      "configuration file (default $CORRAL_CONFIG, /etc/corral/corral.yaml; yours with --user)",
    )
    .option("--dynamic-user", "a user that exists while the service runs (default)")
    .addOption(new Option("--run-as <user>", "a user that there is").conflicts(["dynamicUser", "user"]))
    .option("--socket <address>", "where to listen; may be repeated (default: as the configuration says)", append)
    .option("--no-start", "do not start it now")
    .option("--force", "go on though the service could not read something")
    .option("--dry-run", "print the units, write nothing")
    .action(installService);
  const uninstall = command("uninstall", "stop the service and remove its units").action(async (where: Where) => {
    await uninstallUnits(placeOf(where));
    process.stdout.write(`${where.name} is no service any more; what it has built and cached stays.\n`);
  });
  const status = command("status", "what systemd says of the service").action(async (where: Where) => {
    process.exitCode = await showStatus(placeOf(where));
  });
  return new Command("service")
    .description("run corral as a service of systemd: sockets held over restarts, a sandbox, a watchdog")
    .addHelpText("after", EXAMPLES)
    .addCommand(install)
    .addCommand(uninstall)
    .addCommand(status);
}

function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--user", "in the systemd of the user who asks")
    .option("--name <name>", "of the units and their folders", unitName, "corral");
}

async function installService(flags: InstallFlags): Promise<void> {
  const { facts, hurdles } = await gatherFrom(flags);
  const units = unitsFor(facts);
  if (flags.dryRun) process.stdout.write(asText(flags, units));
  tell(hurdles);
  if (flags.dryRun) return;
  if (hurdles.length > 0 && !flags.force) throw unreachable(hurdles);
  await installUnits(placeOf(flags), units, flags.start);
  process.stdout.write(farewell(flags, facts.sockets));
}

async function gatherFrom(flags: InstallFlags): Promise<Gathered> {
  const run = runOf(flags);
  const file = resolve(flags.config ?? (process.env.CORRAL_CONFIG || usualConfig(run)));
  if (!existsSync(file)) throw configMissing(file);
  // Only what the service itself will have: not the variables of whoever installs it.
  const config = await loadConfig({ file, env: {}, flags: { listen: flags.socket } });
  return await gatherService({ name: flags.name, run, file, config });
}

function runOf({ user, runAs }: InstallFlags): RunAs {
  if (user) return { kind: "session" };
  return runAs === undefined ? { kind: "dynamic" } : { kind: "user", user: runAs };
}

function placeOf({ user, name }: Where) {
  return { scope: user ? "user" : "system", name } as const;
}

function asText(where: Where, units: readonly Unit[]): string {
  const folder = unitFolder(placeOf(where).scope);
  return units.map(({ file, text }) => `# ${folder}/${file}\n${text}`).join("\n");
}

function tell(hurdles: readonly string[]): void {
  const { yellow } = coloursFor(process.stderr);
  for (const sentence of hurdles) process.stderr.write(`${yellow("!")} ${sentence}\n`);
}

function farewell({ start, user, name }: InstallFlags, sockets: readonly string[]): string {
  const flag = user ? " --user" : "";
  return [
    `${name} is installed${start ? " and starting" : ""}: it listens on ${sockets.join(", ")}.`,
    `  corral service status${flag}${name === "corral" ? "" : ` --name ${name}`}`,
    `  journalctl${flag} -u ${name} -f`,
    `  systemctl${flag} reload ${name}     takes a changed configuration`,
    "",
  ].join("\n");
}

function unreachable(hurdles: readonly string[]): CorralError {
  return new CorralError(
    "CORRAL_BAD_OPTION",
    "The service could not read what it needs, so nothing was installed. Do what is said above, or go on with --force.",
    { facts: { hurdles } },
  );
}

function configMissing(file: string): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", `There is no ${file}. Write it, or name another with --config FILE.`, {
    facts: { key: "config", file },
  });
}

function unitName(text: string): string {
  if (!/^[a-z][a-z0-9_-]{0,30}$/.test(text)) {
    throw new InvalidArgumentError("It must be small letters, digits, - and _, at most 31.");
  }
  return text;
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
