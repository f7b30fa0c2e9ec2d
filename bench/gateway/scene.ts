import { startBareWorker } from "../fronts/bare-worker.ts";
import { type CorralCommand, startCorral } from "../fronts/corral.ts";
import { directFront, type Front, type WorkerAddress } from "../fronts/front.ts";
import { type ProxyName, startProxy } from "../fronts/proxy.ts";
import { workerOf } from "../fronts/worker-address.ts";
import { allowedCpus, pin, seatsOf } from "../kit/affinity.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { processTree } from "../kit/process-cpu.ts";

export interface SceneOptions {
  /** Null to leave corral out: the benchmark then starts the synthetic worker itself. */
  readonly corral: CorralCommand | null;
  /** Programs of the rival proxies. */
  readonly proxies: ReadonlyMap<ProxyName, string>;
  readonly slots: number;
  readonly pace: number;
  /** Whether the worker is llama-server and not the synthetic one. */
  readonly engine: boolean;
}

type Defer = (undo: () => void | Promise<void>) => void;

/** Starts one worker and every front before it, each on its CPUs. "direct" comes first. */
export async function setScene({ corral, proxies, slots, pace, engine }: SceneOptions, defer: Defer): Promise<Front[]> {
  const { worker, fronts } = corral === null ? await bareScene(pace, defer) : await corralScene(corral, defer);
  const rivals: Front[] = [];
  for (const [name, program] of proxies) {
    const start = { workers: [worker], slots, queue: null, directory: freshDirectory(defer) };
    rivals.push(await startProxy(name, program, start, defer));
  }
  const all = [directFront(worker, engine), ...fronts, ...rivals];
  takeSeats(worker, all, defer);
  return all;
}

async function corralScene(command: CorralCommand, defer: Defer): Promise<{ worker: WorkerAddress; fronts: Front[] }> {
  const { origin, pid } = await startCorral(command, defer);
  const worker = workerOf(pid);
  const pids = processTree(pid, [worker.pid]);
  return { worker, fronts: [{ name: "corral", target: { origin, headers: {} }, pids }] };
}

async function bareScene(pace: number, defer: Defer): Promise<{ worker: WorkerAddress; fronts: Front[] }> {
  return { worker: await startBareWorker({ directory: freshDirectory(defer), pace }, defer), fronts: [] };
}

/** What is started later inherits this process's CPUs, so it gets all of them back in the end. */
function takeSeats(worker: WorkerAddress, fronts: readonly Front[], defer: Defer): void {
  const cpus = allowedCpus();
  const seats = seatsOf(cpus);
  defer(() => pin([process.pid], cpus));
  pin([process.pid], seats.client);
  pin(processTree(worker.pid), seats.worker);
  pin(
    fronts.flatMap(({ pids }) => pids),
    seats.front,
  );
}
