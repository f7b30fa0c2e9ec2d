import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import getPort from "get-port";
import { findProgram } from "../fronts/find-program.ts";
import type { WorkerAddress } from "../fronts/front.ts";
import { startChild } from "../kit/child.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { processTree } from "../kit/process-cpu.ts";
import { untilReady } from "../kit/ready.ts";

/** How corral started one of its workers. */
export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** As the kernel writes lists: "0-3,8". */
  readonly cpus: string;
}

type Defer = (undo: () => void | Promise<void>) => void;

/** The workers of a running corral, so that a rival can have the same ones. */
export function workerCommandsOf(corralPid: number): WorkerCommand[] {
  return processTree(corralPid).flatMap((pid) => {
    const program = readlinkSync(`/proc/${pid}/exe`);
    if (!program.endsWith("llama-server")) return [];
    const [, ...args] = stringsIn(`/proc/${pid}/cmdline`);
    const env = Object.fromEntries(stringsIn(`/proc/${pid}/environ`).map(entryOf));
    const cpus = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return [{ program, args, env, cpus }];
  });
}

function stringsIn(file: string): string[] {
  return readFileSync(file, "utf8").split("\0").slice(0, -1);
}

/** "NAME=value" */
function entryOf(assignment: string): [string, string] {
  const at = assignment.indexOf("=");
  return [assignment.slice(0, at), assignment.slice(at + 1)];
}

/** The same command lines on the same CPUs, with ports, files and a key of their own, and other values behind some flags. */
export async function startSameWorkers(
  commands: readonly WorkerCommand[],
  others: Readonly<Record<string, string>>,
  defer: Defer,
): Promise<WorkerAddress[]> {
  const taskset = findProgram("taskset");
  if (taskset === null) throw new Error("taskset is not installed. On Debian: apt-get install util-linux.");
  const key = randomBytes(16).toString("hex");
  const directory = freshDirectory(defer);
  const keyFile = join(directory, "key");
  writeFileSync(keyFile, key, { mode: 0o600 });
  return Promise.all(
    commands.map(async ({ program, args, env, cpus }) => {
      const port = await getPort();
      const flags = {
        ...others,
        "--host": "127.0.0.1",
        "--port": `${port}`,
        "--api-key-file": keyFile,
        "--slot-save-path": directory,
      };
      const child = await startChild(taskset, ["-c", cpus, program, ...withFlags(args, flags)], { env });
      defer(() => child.end());
      await untilReady(`http://127.0.0.1:${port}/health`, "llama-server", 120_000);
      return { pid: child.pid, host: "127.0.0.1", port, key };
    }),
  );
}

/** Arguments with other values behind these flags; a flag that is not there is added. */
export function withFlags(args: readonly string[], values: Readonly<Record<string, string>>): string[] {
  const kept = args.filter((arg, index) => !(arg in values) && !((args[index - 1] ?? "") in values));
  return [...kept, ...Object.entries(values).flat()];
}
