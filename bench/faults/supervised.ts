import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import getPort from "get-port";
import { launch } from "../../src/worker/launch.ts";
import { findLaunchTools } from "../../src/worker/launch-tools.ts";
import type { WorkerAddress } from "../fronts/front.ts";
import { allowedCpus } from "../kit/affinity.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { untilReady } from "../kit/ready.ts";
import type { Defer } from "./contestant.ts";
import { type Suite, WORKERS } from "./suite.ts";

/** systemd's own default, in milliseconds. */
const RESTART_DELAY = 100;

/** The workers of those who start none themselves: each on a CPU of its own, as corral's, and started again when it ends. */
export async function startSupervised(suite: Suite, defer: Defer): Promise<SupervisedWorker[]> {
  const keyFile = join(freshDirectory(defer), "key");
  const key = randomBytes(16).toString("hex");
  writeFileSync(keyFile, key, { mode: 0o600 });
  const cpus = allowedCpus();
  const workers: SupervisedWorker[] = [];
  for (let index = 0; index < WORKERS; index += 1) {
    const port = await getPort();
    const own = cpus.slice(index, index + 1);
    const { file, args } = launch(
      suite.command({ port, keyFile }),
      { cpus: own, node: null },
      await findLaunchTools(null),
    );
    const worker = new SupervisedWorker({ file, args, port, key });
    defer(() => worker.end());
    await worker.ready();
    workers.push(worker);
  }
  return workers;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly key: string;
}

/** A process that is started again, on the same port, whenever it ends, as systemd would. */
export class SupervisedWorker {
  readonly #command: Command;
  #child: ChildProcess;
  #deaths = 0;
  #isOver = false;
  readonly #run: Promise<void>;

  constructor(command: Command) {
    this.#command = command;
    this.#child = this.#start();
    this.#run = this.#keepAlive();
  }

  get deaths(): number {
    return this.#deaths;
  }

  /** Null between two processes. */
  get address(): WorkerAddress | null {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return null;
    return { pid, host: "127.0.0.1", port: this.#command.port, key: this.#command.key };
  }

  ready(): Promise<void> {
    return untilReady(`http://127.0.0.1:${this.#command.port}/health`, "a worker", 60_000);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#child.kill("SIGKILL");
    await this.#run;
  }

  #start(): ChildProcess {
    return spawn(this.#command.file, this.#command.args, { stdio: "ignore", detached: true });
  }

  async #keepAlive(): Promise<void> {
    for (;;) {
      await once(this.#child, "exit");
      if (this.#isOver) return;
      this.#deaths += 1;
      await sleep(RESTART_DELAY);
      if (this.#isOver) return;
      this.#child = this.#start();
    }
  }
}
