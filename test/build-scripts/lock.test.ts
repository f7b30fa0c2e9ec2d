import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LockHolder, withLock } from "../../build-scripts/lock.ts";
import { isAlive, self } from "../../build-scripts/process-identity.ts";

const root = join(import.meta.dirname, "../..");
const fixture = join(import.meta.dirname, "fixtures/lock-holder.mjs");
let scratch: string;
let lockModule: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "corral-lock-"));
  // Node 20 runs no TypeScript, and dist/ may be older than the sources.
  await execa(
    "node_modules/.bin/tsc",
    [
      ...["build-scripts/lock.ts", "--ignoreConfig", "--outDir", scratch, "--rootDir", ".", "--noCheck"],
      ...["--module", "nodenext", "--target", "es2023", "--types", "node", "--rewriteRelativeImportExtensions"],
    ],
    { cwd: root },
  );
  await writeFile(join(scratch, "package.json"), `{ "type": "module" }`);
  lockModule = pathToFileURL(join(scratch, "build-scripts/lock.js")).href;
});
afterAll(() => rm(scratch, { recursive: true }));

let path: string;
let turn = 0;
beforeEach(() => {
  turn += 1;
  path = join(scratch, `turn-${turn}`, "build.lock");
});

const holder = (what: string) => execa("node", [fixture, lockModule, path, what]);
const plant = (other: Partial<LockHolder>) =>
  withLock(path, () => readFile(path, "utf8")).then((text) =>
    writeFile(path, JSON.stringify({ ...JSON.parse(text), token: "planted", ...other })),
  );
const leftovers = () => readdir(join(path, ".."));

describe("withLock", () => {
  test("returns the task's result and leaves nothing behind, also when the task throws", async () => {
    expect(await withLock(path, async () => 7)).toBe(7);
    await expect(withLock(path, () => Promise.reject(new Error("task")))).rejects.toThrow("task");
    expect(await leftovers()).toEqual([]);
  });

  test("one at a time within a process", async () => {
    let inside = 0;
    let most = 0;
    const task = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(path, task)));
    expect(most).toBe(1);
  });

  test("processes that ask at once take turns", async () => {
    await withLock(path, async () => undefined);
    const counter = join(path, "../counter");
    await writeFile(counter, "0");
    await Promise.all(Array.from({ length: 4 }, () => holder(counter)));
    expect(await readFile(counter, "utf8")).toBe("4");
    expect(await leftovers()).toEqual(["counter"]);
  });

  test("gives up on a live holder, naming it", async () => {
    const other = holder("hold");
    try {
      await firstLine(other);
      const waited: LockHolder[] = [];
      await expect(
        withLock(path, async () => "never", { timeout: 150, onWait: (who) => waited.push(who) }),
      ).rejects.toMatchObject({ code: "CORRAL_LOCKED", facts: { path, pid: other.pid, host: hostname() } });
      expect(waited.map(({ pid }) => pid)).toEqual([other.pid]);
      const reason = new Error("enough");
      await expect(withLock(path, async () => "never", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    } finally {
      other.kill("SIGKILL");
      await other.catch(() => undefined);
    }
  });

  test("waiting ends with the signal's reason", async () => {
    await plant({});
    const stop = new AbortController();
    const reason = new Error("enough");
    const waiting = withLock(path, async () => "never", { signal: stop.signal, onWait: () => stop.abort(reason) });
    await expect(waiting).rejects.toBe(reason);
  });

  test("a killed holder's lock goes to exactly one of many waiters at a time", async () => {
    const dead = holder("hold");
    await firstLine(dead);
    dead.kill("SIGKILL");
    await dead.catch(() => undefined);
    const counter = join(path, "../counter");
    await writeFile(counter, "0");
    await Promise.all(Array.from({ length: 5 }, () => holder(counter)));
    expect(await readFile(counter, "utf8")).toBe("5");
    expect(await leftovers()).toEqual(["counter"]);
  });

  test("a waiter that died while taking a dead holder's lock away is itself taken away", async () => {
    const gone = { pid: 2 ** 22 + 1, started: "1" };
    await plant(gone);
    await writeFile(`${path}.planted`, JSON.stringify({ ...self, ...gone, token: "second" }));
    expect(await withLock(path, async () => "mine")).toBe("mine");
    expect(await leftovers()).toEqual([]);
  });

  test("a process that has a dead holder's number is not the holder", async () => {
    await plant({ pid: process.pid, started: "1" });
    expect(await withLock(path, async () => "mine", { timeout: 5_000 })).toBe("mine");
  });

  test("a holder elsewhere is not judged by our process table", async () => {
    const elsewhere = { ...self, pid: 2 ** 22 + 1, space: "another boot" };
    expect(isAlive(elsewhere)).toBeNull();
    await plant(elsewhere);
    await expect(withLock(path, async () => "never", { timeout: 150 })).rejects.toMatchObject({
      code: "CORRAL_LOCKED",
    });
  });
});

function firstLine({ stdout }: ReturnType<typeof holder>): Promise<unknown> {
  return new Promise((resolve) => stdout.once("data", resolve));
}
