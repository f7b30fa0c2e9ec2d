import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import getPort from "get-port";
import { startChild } from "../kit/child.ts";
import { untilReady } from "../kit/ready.ts";
import { syntheticCommand } from "../worker/synthetic-command.ts";
import type { WorkerAddress } from "./front.ts";

/** The synthetic worker started by the benchmark itself: for a run without corral. */
export async function startBareWorker(
  { directory, pace }: { directory: string; pace: number },
  defer: (undo: () => Promise<void>) => void,
): Promise<WorkerAddress> {
  const host = "127.0.0.1";
  const port = await getPort();
  const key = randomBytes(16).toString("hex");
  const keyFile = join(directory, "key");
  writeFileSync(keyFile, key, { mode: 0o600 });
  const { program, args } = syntheticCommand({ host, port, keyFile, pace });
  const child = await startChild(program, args);
  defer(() => child.end());
  await untilReady(`http://${host}:${port}/health`, "the synthetic worker");
  return { pid: child.pid, host, port, key };
}
