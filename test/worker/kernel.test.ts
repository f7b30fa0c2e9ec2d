import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { fitsSocket } from "../../src/worker/address.ts";
import { parseCpuTime } from "../../src/worker/cpu-time.ts";
import { oomFiles, readOomKills } from "../../src/worker/oom.ts";

test("CPU time is read behind a name with brackets and spaces", () => {
  const rest = "S 1 12 12 0 -1 4194304 500 0 0 0 250 50 0 0 20 0 9 0 1234 0 0";
  expect(parseCpuTime(`12 (llama-server) ${rest}`)).toBe(3_000);
  expect(parseCpuTime(`12 (a) R 99 (b) ${rest}`)).toBe(3_000);
  expect(parseCpuTime("")).toBeNull();
});

test("the counter of out-of-memory kills: version 2", async () => {
  const root = rootOf({
    "proc/self/cgroup": "0::/system.slice/corral.service\n",
    "sys/fs/cgroup/system.slice/corral.service/memory.events": "low 0\noom 3\noom_kill 2\noom_group_kill 0\n",
  });
  expect(await readOomKills(root)).toBe(2);
});

test("the counter of out-of-memory kills: version 1 in a container, where the host's path is not there", async () => {
  const root = rootOf({
    "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
    "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
  });
  expect(await readOomKills(root)).toBe(7);
});

test("no counter, no guess", async () => {
  expect(await readOomKills(rootOf({ "proc/self/cgroup": "4:memory:/x\n" }))).toBeNull();
  expect(await readOomKills(rootOf({}))).toBeNull();
  expect(oomFiles("")).toEqual([]);
});

test("a socket's path has 107 bytes, and no comma", () => {
  const name = "/worker.sock".length;
  const limit = process.platform === "linux" ? 107 : 103;
  expect(fitsSocket(`/${"x".repeat(limit - name - 1)}`)).toBe(true);
  expect(fitsSocket(`/${"x".repeat(limit - name)}`)).toBe(false);
  expect(fitsSocket(`/${"é".repeat((limit - name + 1) / 2)}`)).toBe(false);
  expect(fitsSocket("/run/a,b")).toBe(false);
});

function rootOf(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "corral-test-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
