import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { corralCommand } from "../fronts/corral.ts";
import { processTree } from "../kit/process-cpu.ts";
import { MODELS } from "./load.ts";

const KINDS = ["reloads", "restarts", "kills", "broken files"] as const;
type Kind = (typeof KINDS)[number];

/** Does to an instance what years do. */
export class Disturbance {
  readonly file: string;
  readonly socket: string;
  readonly #done: Record<Kind, number> = { reloads: 0, restarts: 0, kills: 0, "broken files": 0 };
  #turn = 0;
  #pid = 0;

  constructor(dir: string) {
    this.file = join(dir, "corral.yaml");
    this.socket = join(dir, "admin.sock");
    this.#write();
  }

  begin(pid: number): void {
    this.#pid = pid;
  }

  async next(): Promise<void> {
    const kind = KINDS[this.#turn % KINDS.length] ?? "reloads";
    this.#turn += 1;
    await this.#do(kind);
    this.#done[kind] += 1;
  }

  summary(): string {
    return KINDS.map((kind) => `${this.#done[kind]} ${kind}`).join(", ");
  }

  async #do(kind: Kind): Promise<void> {
    switch (kind) {
      case "reloads":
        this.#write();
        await this.#corral("reload");
        return;
      case "restarts":
        await this.#corral("restart", MODELS[this.#turn % MODELS.length] ?? "one");
        return;
      case "kills": {
        const workers = processTree(this.#pid).filter((pid) => pid !== this.#pid);
        const victim = workers[randomInt(Math.max(1, workers.length))];
        if (victim !== undefined) process.kill(victim, "SIGKILL");
        return;
      }
      case "broken files":
        writeFileSync(this.file, `models: { one: { source: echo, slotz: ${this.#turn} } }\n`);
        await this.#corral("reload").then(
          () => Promise.reject(new Error("a broken file was taken")),
          (error: { exitCode?: number; stderr?: string }) => {
            if (!error.stderr?.includes("slots")) throw error;
          },
        );
        this.#write();
    }
  }

  async #corral(...args: string[]): Promise<void> {
    const { program, args: main } = corralCommand([...args, "--admin", this.socket]);
    await execa(program, main);
  }

  /** Another file each time: one model changes in place, another one is replaced. */
  #write(): void {
    const [one, two, three] = MODELS;
    const small = { source: "echo", workers: 1, context: 512 };
    const models = {
      [one]: { ...small, slots: 2 + (this.#turn % 2), workers: 2 },
      [two]: { ...small, slots: 2, args: ["--log-verbosity", `${3 + (this.#turn % 2)}`] },
      [three]: { ...small, slots: 2, start: "lazy", aliases: [`three-${this.#turn}`] },
    };
    const limits = { memory: "400MiB", dwellTime: 2_000, roomTimeout: 60_000 };
    writeFileSync(this.file, JSON.stringify({ listen: "127.0.0.1:0", limits, models }, null, 2));
  }
}
