import { execa } from "execa";
import { type LaunchTools, NO_TOOLS } from "./launch.ts";

/** Looked up once: each program with the arguments it was tried with. */
const tried = new Map<string, Promise<boolean>>();

/**
 * What this machine has for a worker whose memory is to come from this node. Other systems than Linux have nothing.
 *
 * Tried, not only found: the setpriv of some small systems knows no --pdeathsig, many containers may not bind memory,
 * and a cpuset can forbid a node.
 */
export async function findLaunchTools(
  node: number | null,
  platform: NodeJS.Platform = process.platform,
): Promise<LaunchTools> {
  if (platform !== "linux") return NO_TOOLS;
  const [setpriv, taskset, numactl] = await Promise.all([
    ifWorks("setpriv", ["--pdeathsig", "KILL", "--", "true"]),
    ifWorks("taskset", ["-p", `${process.pid}`]),
    node === null ? null : ifWorks("numactl", [`--membind=${node}`, "--", "true"]),
  ]);
  return { setpriv, taskset, numactl };
}

async function ifWorks(program: string, args: readonly string[]): Promise<string | null> {
  const key = [program, ...args].join(" ");
  const works = tried.get(key) ?? runs(program, args);
  tried.set(key, works);
  return (await works) ? program : null;
}

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(program, args, { reject: false, stdio: "ignore", timeout: 10_000 });
  return !failed;
}
