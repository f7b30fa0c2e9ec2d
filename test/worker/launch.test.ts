import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { workerEnvironment } from "../../src/worker/environment.ts";
import { cpuList, type LaunchTools, launch, NO_TOOLS } from "../../src/worker/launch.ts";
import { findLaunchTools } from "../../src/worker/launch-tools.ts";

const command = { program: "/b/llama-server", args: ["-m", "x.gguf"] };

const all: LaunchTools = { setpriv: "setpriv", taskset: "taskset", numactl: "numactl" };

function words(...args: Parameters<typeof launch>): string {
  const { file, args: rest } = launch(...args);
  return [file, ...rest].join(" ");
}

test("sets death with the parent, then the CPUs, then the memory, then becomes the engine", () => {
  expect(launch(command, { cpus: [0, 1, 2, 5], node: null }, all)).toEqual({
    file: "setpriv",
    args: ["--pdeathsig", "KILL", "--", "taskset", "-c", "0-2,5", "/b/llama-server", "-m", "x.gguf"],
  });
  expect(words(command, { cpus: [0, 1], node: 1 }, all)).toBe(
    "setpriv --pdeathsig KILL -- taskset -c 0-1 numactl --membind=1 -- /b/llama-server -m x.gguf",
  );
});

test("does without what is missing or not asked for", () => {
  const engine = "/b/llama-server -m x.gguf";
  expect(words(command, { cpus: [], node: null }, all)).toBe(`setpriv --pdeathsig KILL -- ${engine}`);
  expect(words(command, { cpus: [3], node: null }, { ...all, setpriv: null })).toBe(`taskset -c 3 ${engine}`);
  expect(words(command, { cpus: [3], node: 0 }, NO_TOOLS)).toBe(engine);
});

test("tries numactl with the very node, and does without where that fails", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "corral-numactl-"));
  const usual = process.env.PATH;
  try {
    // Binds to node 0 only, as in a cpuset without the memory of node 1.
    await writeFile(path.join(folder, "numactl"), '#!/bin/sh\n[ "$1" = --membind=0 ] && shift 2 && exec "$@"\n', {
      mode: 0o755,
    });
    process.env.PATH = `${folder}:${usual}`;
    expect(await findLaunchTools(0, "linux")).toMatchObject({ numactl: "numactl" });
    expect(await findLaunchTools(1, "linux")).toMatchObject({ numactl: null });
    expect(await findLaunchTools(null, "linux")).toMatchObject({ numactl: null });
    expect(await findLaunchTools(0, "darwin")).toEqual(NO_TOOLS);
  } finally {
    process.env.PATH = usual;
    await rm(folder, { recursive: true, force: true });
  }
});

test("writes CPU lists as taskset reads them", () => {
  expect(cpuList([])).toBe("");
  expect(cpuList([7])).toBe("7");
  expect(cpuList([10, 0, 2, 1, 11, 4])).toBe("0-2,4,10-11");
});

test("a worker inherits what tunes it and nothing else", () => {
  const own = {
    PATH: "/bin",
    LC_ALL: "C",
    OMP_NUM_THREADS: "1",
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
    LLAMA_ARG_N_PARALLEL: "9",
    LLAMA_API_KEY: "k",
    HF_TOKEN: "t",
    AIP_MODE: "PREDICTION",
    NODE_OPTIONS: "--inspect",
    AWS_SECRET_ACCESS_KEY: "s",
    UNSET: undefined,
  };
  expect(workerEnvironment(own, { GGML_NO_BACKTRACE: "1", PATH: "/other" })).toEqual({
    PATH: "/other",
    LC_ALL: "C",
    OMP_NUM_THREADS: "1",
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
    GGML_NO_BACKTRACE: "1",
  });
});
