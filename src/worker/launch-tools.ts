import { execa } from "execa";
import { type LaunchTools, NO_TOOLS } from "./launch.ts";

let found: Promise<LaunchTools> | undefined;

/** What this machine has; looked up once. Other systems than Linux have neither. */
export function findLaunchTools(platform: NodeJS.Platform = process.platform): Promise<LaunchTools> {
  if (platform !== "linux") return Promise.resolve(NO_TOOLS);
  found ??= lookUp();
  return found;
}

/** Tried, not only found: the setpriv of some small systems knows no --pdeathsig. */
async function lookUp(): Promise<LaunchTools> {
  const [setpriv, taskset] = await Promise.all([
    works("setpriv", ["--pdeathsig", "KILL", "--", "true"]),
    works("taskset", ["-p", `${process.pid}`]),
  ]);
  return { setpriv: setpriv ? "setpriv" : null, taskset: taskset ? "taskset" : null };
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(program, args, { reject: false, stdio: "ignore", timeout: 10_000 });
  return !failed;
}
