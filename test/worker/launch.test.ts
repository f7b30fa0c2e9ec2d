import { expect, test } from "vitest";
import { workerEnvironment } from "../../src/worker/environment.ts";
import { cpuList, launch, NO_TOOLS } from "../../src/worker/launch.ts";

const command = { program: "/b/llama-server", args: ["-m", "x.gguf"] };

test("sets death with the parent, then the CPUs, then becomes the engine", () => {
  expect(launch(command, [0, 1, 2, 5], { setpriv: "setpriv", taskset: "taskset" })).toEqual({
    file: "setpriv",
    args: ["--pdeathsig", "KILL", "--", "taskset", "-c", "0-2,5", "/b/llama-server", "-m", "x.gguf"],
  });
});

test("does without what is missing or not asked for", () => {
  const words = (...args: Parameters<typeof launch>): string[] => {
    const { file, args: rest } = launch(...args);
    return [file, ...rest];
  };
  const engine = ["/b/llama-server", "-m", "x.gguf"];
  expect(words(command, [], { setpriv: "setpriv", taskset: "taskset" })).toEqual([
    "setpriv",
    "--pdeathsig",
    "KILL",
    "--",
    ...engine,
  ]);
  expect(words(command, [3], { setpriv: null, taskset: "taskset" })).toEqual(["taskset", "-c", "3", ...engine]);
  expect(words(command, [3], NO_TOOLS)).toEqual(engine);
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
