import { expect, test } from "vitest";
import { logLine } from "../../src/cli/logs.ts";
import { reloadInWords } from "../../src/cli/reload.ts";
import { duration, renderStatus } from "../../src/cli/status.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import type { InstanceStatus } from "../../src/index.ts";

const plain = coloursFor({ isTTY: false });
const MIB = 1024 ** 2;

const status: InstanceStatus = {
  version: "0.1.0",
  pid: 4711,
  uptime: 7_512,
  state: "ready",
  listen: ["http://127.0.0.1:8080", "unix:/run/corral/http.sock"],
  files: ["/etc/corral/corral.yaml"],
  cpus: [0, 1, 2, 3],
  memory: { used: 900 * MIB, budget: 4096 * MIB },
  models: [
    {
      ...{
        name: "qwen",
        state: "ready",
        aliases: ["gpt-4o-mini"],
        group: null,
        start: "eager",
        source: "/m/qwen.gguf",
      },
      ...{
        queued: 2,
        queueLimit: 256,
        suspects: 0,
        culprits: 0,
        hotPrompts: 0,
        served: 1234,
        lost: 1,
        aborted: 0,
        refused: 0,
        restarts: 1,
      },
      ...{
        slots: { total: 4, busy: 3 },
        tokens: { prompt: 0, cached: 0, completion: 0 },
        recent: { tokensPerSecond: 0, firstTokenMs: null },
      },
      plan: { workers: 2, slots: 4, context: 4096, bytes: 900 * MIB },
      workers: [
        {
          ...{ id: "qwen#0.1", replica: 0, pid: 100, state: "ready", cpus: [0, 1], slots: 4, inFlight: 3, served: 10 },
          ...{ restarts: 1, footprint: null, admitted: true },
          lastFailure: {
            ...{
              reason: "killed",
              wasReady: true,
              requests: 1,
              pid: 99,
              exitCode: null,
              signal: "SIGKILL",
              outOfMemory: false,
            },
            ...{
              tail: [],
              message: "the worker was killed from outside (SIGKILL): see the system's log for who did it",
            },
          },
        },
        {
          ...{ id: "qwen#1.0", replica: 1, pid: null, state: "starting", cpus: [], slots: 0, inFlight: 0, served: 0 },
          ...{ restarts: 0, lastFailure: null, footprint: null, admitted: false },
        },
      ],
    },
    {
      ...{ name: "big", state: "idle", aliases: [], group: "big", start: "lazy", source: "/m/big.gguf", plan: null },
      ...{
        queued: 0,
        queueLimit: 16,
        suspects: 0,
        culprits: 0,
        hotPrompts: 0,
        served: 0,
        lost: 0,
        aborted: 0,
        refused: 0,
        restarts: 0,
        workers: [],
      },
      ...{
        slots: { total: 0, busy: 0 },
        tokens: { prompt: 0, cached: 0, completion: 0 },
        recent: { tokensPerSecond: 0, firstTokenMs: null },
      },
    },
  ],
};

test("a status is a line of the instance, its models, its workers, and what went wrong", () => {
  expect(
    renderStatus(status, plain),
  ).toBe(`corral 0.1.0: ready for 2 h 5 min, pid 4711, on http://127.0.0.1:8080, unix:/run/corral/http.sock
memory 900 MiB of 4 GiB by the plans, CPUs 0-3
configured by /etc/corral/corral.yaml

MODEL               STATE  WORKERS  SLOTS  QUEUE   MEMORY  SERVED  LOST  RESTARTS
qwen (gpt-4o-mini)  ready      2/2    3/4  2/256  900 MiB    1234     1         1
big                 idle       0/-    0/0   0/16        -       0     0         0

WORKER    PID  STATE     CPUS  SLOTS  SERVED  RESTARTS
qwen#0.1  100  ready     0-1     3/4      10         1
qwen#1.0    -  starting  all     0/0       0         0

worker before qwen#0.1: the worker was killed from outside (SIGKILL): see the system's log for who did it`);
});

test("without workers and files there are no lines for them", () => {
  const [, big] = status.models;
  const text = renderStatus({ ...status, files: [], models: big === undefined ? [] : [big] }, plain);
  expect(text).not.toContain("WORKER ");
  expect(text).not.toContain("configured by");
});

test("times are told in their two largest units", () => {
  expect([0.4, 59.9, 60, 300, 3_600, 7_512, 86_400, 1_047_600].map(duration)).toEqual([
    ...["0 s", "59 s", "1 min", "5 min", "1 h", "2 h 5 min", "1 d", "12 d 3 h"],
  ]);
});

test("a reload tells what there was to tell", () => {
  const failed = [{ model: "d", message: "no file" }];
  expect(reloadInWords({ added: ["a", "b"], removed: [], changed: ["c"], unchanged: [], failed })).toBe(
    "added: a, b\nchanged: c\nfailed: d: no file\n",
  );
});

test("a line of a log says when and who", () => {
  const at = new Date(2026, 0, 1, 12, 0, 1).getTime();
  expect(logLine({ at, worker: "qwen#0.1", replica: 0, text: "all slots are idle" }, plain)).toBe(
    "12:00:01 qwen#0.1 all slots are idle",
  );
});
