import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { CorralError } from "../errors.ts";
import { type Scope, showSystemctl, systemctl } from "./systemctl.ts";
import type { Unit } from "./unit/facts.ts";
import { unitFiles } from "./unit/units.ts";

/** In each unit that was written here. */
const MARK = "`corral service install`";

export interface Installed {
  readonly scope: Scope;
  readonly name: string;
}

/** Where units of administrators lie. */
export function unitFolder(scope: Scope, env: NodeJS.ProcessEnv = process.env): string {
  if (scope === "system") return "/etc/systemd/system";
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "systemd", "user");
}

/**
 * Writes the units and lets systemd know them; from the next boot on it starts them.
 * @param starts whether to start, or restart, it now; that goes on when this resolves
 * @throws CorralError CORRAL_WRITE_FAILED, CORRAL_SERVICE_FAILED
 */
export async function installUnits({ scope, name }: Installed, units: readonly Unit[], starts: boolean): Promise<void> {
  const folder = unitFolder(scope);
  const sameSockets = await hasSame(
    folder,
    units.find(({ file }) => file === `${name}.socket`),
  );
  try {
    await mkdir(folder, { recursive: true });
    for (const { file, text } of units) await writeWhole(join(folder, file), text);
  } catch (cause) {
    throw cannotWrite(cause, folder, scope);
  }
  await systemctl(scope, ["daemon-reload"]);
  await systemctl(scope, ["enable", `${name}.socket`, `${name}.service`]);
  if (!starts) return;
  if (sameSockets) {
    await systemctl(scope, ["start", `${name}.socket`]);
    await systemctl(scope, ["restart", "--no-block", `${name}.service`]);
  } else {
    // At once, so that systemd puts them in order: a socket can't be opened while its service runs.
    await systemctl(scope, ["restart", "--no-block", `${name}.socket`, `${name}.service`]);
  }
}

/**
 * Stops the service and removes its units; what it has cached stays.
 * @throws CorralError CORRAL_BAD_OPTION where there is none, CORRAL_WRITE_FAILED, CORRAL_SERVICE_FAILED
 */
export async function uninstallUnits({ scope, name }: Installed): Promise<void> {
  await requireInstalled({ scope, name });
  const sleepers = [`${name}.socket`, `${name}.service`, `${name}-build.service`];
  await systemctl(scope, ["disable", `${name}.socket`, `${name}.service`]);
  await systemctl(scope, ["stop", ...sleepers]);
  const folder = unitFolder(scope);
  try {
    for (const file of unitFiles(name)) await rm(join(folder, file), { force: true });
  } catch (cause) {
    throw cannotWrite(cause, folder, scope);
  }
  await systemctl(scope, ["daemon-reload"]);
  // None of them may have failed, which is no failure.
  await systemctl(scope, ["reset-failed", ...sleepers]).catch(() => {});
}

/** Prints what systemd says of it. @returns systemctl's exit code: 0 where it runs */
export async function showStatus({ scope, name }: Installed): Promise<number> {
  await requireInstalled({ scope, name });
  const units = [`${name}.service`, `${name}.socket`, `${name}-build.service`];
  return await showSystemctl(scope, ["status", "--no-pager", "--lines=10", ...units]);
}

async function requireInstalled({ scope, name }: Installed): Promise<void> {
  const path = join(unitFolder(scope), `${name}.service`);
  const text = await readFile(path, "utf8").catch(() => null);
  if (text?.includes(MARK)) return;
  const message =
    text === null
      ? `There is no ${path}. Install it with \`corral service install${scope === "user" ? " --user" : ""}\`.`
      : `${path} was not written by corral. Remove it yourself, or give another --name.`;
  throw new CorralError("CORRAL_BAD_OPTION", message, { facts: { path } });
}

async function hasSame(folder: string, unit: Unit | undefined): Promise<boolean> {
  if (unit === undefined) return false;
  return (await readFile(join(folder, unit.file), "utf8").catch(() => null)) === unit.text;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: 0o644 });
  await rename(draft, path);
}

function cannotWrite(cause: unknown, folder: string, scope: Scope): CorralError {
  const code = (cause as NodeJS.ErrnoException).code;
  const next = scope === "system" ? "Become root, or install it for yourself with --user." : "Check its owner.";
  return new CorralError("CORRAL_WRITE_FAILED", `${folder} can't be written (${code}). ${next}`, {
    cause,
    facts: { folder },
  });
}
