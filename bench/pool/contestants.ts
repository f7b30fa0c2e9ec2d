import { readlinkSync } from "node:fs";
import getPort from "get-port";
import { corralCommand, startCorral } from "../fronts/corral.ts";
import { startChild } from "../kit/child.ts";
import type { Target } from "../kit/client.ts";
import { processTree } from "../kit/process-cpu.ts";
import { untilReady } from "../kit/ready.ts";
import { type Shape, shapeName } from "./shapes.ts";

/** Something that serves the model, running. */
export interface Contestant {
  readonly name: string;
  readonly target: Target;
}

type Defer = (undo: () => void | Promise<void>) => void;

/** The rival: one llama-server as it starts when nobody gives it flags. */
export const RIVAL = "llama-server, default flags";
/** Tokens of context of each sequence: enough for the questions, and small enough that memory decides nothing. */
const CONTEXT = 1024;

/** corral in each shape, and the rival: the very program that corral's workers run. */
export async function startContestants(model: string, shapes: readonly Shape[], defer: Defer): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  let program: string | null = null;
  for (const shape of shapes) {
    const { workers, threads, slots } = shape;
    const flags = `--port 0 --workers ${workers} --threads ${threads} --slots ${slots} --context ${CONTEXT}`;
    const { origin, pid } = await startCorral(corralCommand(["serve", model, ...flags.split(" ")]), defer);
    contestants.push({ name: shapeName(shape), target: { origin, headers: {} } });
    program ??= workerProgram(pid);
  }
  if (program === null) throw new Error("No shape fits this machine's CPUs.");
  return [await startRival(program, model, defer), ...contestants];
}

async function startRival(program: string, model: string, defer: Defer): Promise<Contestant> {
  const port = await getPort();
  const child = await startChild(program, ["-m", model, "--port", String(port)]);
  defer(() => child.end());
  const origin = `http://127.0.0.1:${port}`;
  await untilReady(`${origin}/health`, RIVAL, 120_000);
  return { name: RIVAL, target: { origin, headers: {} } };
}

function workerProgram(corralPid: number): string {
  const programs = processTree(corralPid).map((pid) => readlinkSync(`/proc/${pid}/exe`));
  const found = programs.find((program) => program.endsWith("llama-server"));
  if (found === undefined) throw new Error(`corral (pid ${corralPid}) has no llama-server among its children.`);
  return found;
}
