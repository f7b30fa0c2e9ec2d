import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import type { InstanceStatus } from "../../src/admin/status.ts";
import type { WorkerStats } from "../../src/pool-types.ts";
import { corralCommand, startCorral } from "../fronts/corral.ts";
import { workersOf } from "../fronts/worker-address.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import type { Contestant, ContestantStart, Deaths, Defer } from "./contestant.ts";
import { type Suite, WORKERS } from "./suite.ts";

export const CORRAL = "corral";

/** The command as a user gives it, but for TCP instead of Unix sockets, as the proxies have it. */
export async function startCorralContestant(
  { model, engine, slots, context }: Suite,
  { queue }: ContestantStart,
  defer: Defer,
): Promise<Contestant> {
  const directory = freshDirectory(defer);
  const admin = join(directory, "admin.sock");
  const shape = `--engine ${engine} --workers ${WORKERS} --threads 1 --slots ${slots} --context ${context}`.split(" ");
  const limit = queue === null ? [] : ["--queue-limit", `${queue}`];
  const command = corralCommand(["serve", model, "--port", "0", "--admin", admin, ...shape, ...limit]);
  const env = { CORRAL_TRANSPORT: "tcp", XDG_STATE_HOME: directory };
  const { origin, pid } = await startCorral({ ...command, env }, defer);
  const status = new StatusReader(admin);
  defer(() => status.close());
  const whole = async (): Promise<void> => {
    while ((await status.ready()).length < WORKERS || workersOf(pid).length < WORKERS) await sleep(20);
  };
  await whole();
  return { name: CORRAL, origin, workers: () => workersOf(pid), whole, watchDeaths: () => watchDeaths(status) };
}

interface WorkerNow {
  readonly pid: number;
  readonly state: WorkerStats["state"];
  /** Whether any request may be sent to it, and not only suspects. */
  readonly admitted: boolean;
}

/** Asks the admin socket, as `corral status` does. */
class StatusReader {
  readonly #client: Client;

  constructor(socketPath: string) {
    this.#client = new Client("http://corral", { socketPath });
  }

  async workers(): Promise<WorkerNow[]> {
    const { body } = await this.#client.request({ method: "GET", path: "/status" });
    const { models } = (await body.json()) as InstanceStatus;
    return models.flatMap(({ workers }) =>
      workers.flatMap(({ pid, state, admitted }) => (pid === null ? [] : [{ pid, state, admitted }])),
    );
  }

  async ready(): Promise<WorkerNow[]> {
    return (await this.workers()).filter(({ state, admitted }) => state === "ready" && admitted);
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}

/** Milliseconds; a worker takes some 150 to be ready, so that none comes and goes unseen. */
const LOOKS_EVERY = 20;

/** What a worker that has ended, or is about to, is said to be. */
const ENDS: readonly WorkerNow["state"][] = ["draining", "stopped", "failed"];

/** Looks at the workers all the time: one that is gone was serving if it was admitted when it was last seen alive. */
function watchDeaths(status: StatusReader): () => Promise<Deaths> {
  const seen = new Map<number, boolean>();
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver) {
      for (const { pid, state, admitted } of await status.workers()) if (!ENDS.includes(state)) seen.set(pid, admitted);
      await sleep(LOOKS_EVERY);
    }
  };
  const looking = look();
  return async () => {
    isOver = true;
    await looking;
    const alive = new Set((await status.ready()).map(({ pid }) => pid));
    const dead = [...seen].filter(([pid]) => !alive.has(pid));
    return { deaths: dead.length, serving: dead.filter(([, admitted]) => admitted).length };
  };
}
