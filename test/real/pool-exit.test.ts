import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/index.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { newDir, processState, removeDirs, until } from "./worker-kit.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let runtimeDir: string;
/** Of chatglm-server. */
let alphabet: string;

beforeAll(async () => {
  await execa("npm", ["run", "--silent", "build"], { cwd: ROOT });
  alphabet = join(newDir(), "alphabet.bin");
  await writeScriptedChatglm(alphabet, { type: 1, script: "alphabet" });
});
afterAll(removeDirs);

beforeEach(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), "corral-test-"));
});

afterEach(() => rm(runtimeDir, { recursive: true, force: true }));

/** A program that uses the package, tells its workers' pids, and goes on as given. */
async function run(
  rest: string,
  options: PoolOptions,
): Promise<{ pids: number[]; exitCode: number | undefined; files: string[] }> {
  const code = `
    import { createPool } from "corral";
    const pool = await createPool({ workers: 2, threads: 1, ...${JSON.stringify(options)} });
    console.log(JSON.stringify(pool.stats().workers.map(({ pid }) => pid)));
    ${rest}`;
  const { stdout, exitCode } = await execa("node", ["--input-type=module", "--eval", code], {
    cwd: ROOT,
    env: { XDG_RUNTIME_DIR: runtimeDir },
    reject: false,
    timeout: 60_000,
  });
  return { pids: JSON.parse(stdout) as number[], exitCode, files: await readdir(runtimeDir) };
}

const areGone = (pids: number[]): boolean => pids.every((pid) => processState(pid) === null);

describe.each(["llama", "chatglm"])("a program with a pool of %s workers", (engine) => {
  const program = (rest: string) => run(rest, engine === "llama" ? {} : { model: alphabet });

  it("ends by itself once the pool is closed, and leaves nothing", async () => {
    const { pids, exitCode, files } = await program("await pool.close();");
    expect([pids.length, exitCode, files]).toEqual([2, 0, []]);
    expect(areGone(pids)).toBe(true);
  });

  it("that exits without closing takes its workers and its files with it", async () => {
    const { pids, exitCode, files } = await program("process.exit(3);");
    expect([pids.length, exitCode, files]).toEqual([2, 3, []]);
    await until(() => areGone(pids));
  });

  it("that is killed takes its workers with it", async () => {
    const { pids } = await program('process.kill(process.pid, "SIGKILL");');
    expect(pids.length).toBe(2);
    await until(() => areGone(pids));
  });
});
