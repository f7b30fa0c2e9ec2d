import { killCase } from "./cases/kills.ts";
import { leaveCase } from "./cases/leave.ts";
import { overloadCase } from "./cases/overload.ts";
import { poisonCase } from "./cases/poison.ts";
import { retryAfterCase } from "./cases/retry-after.ts";
import { stopCase } from "./cases/stop.ts";
import { POISONS } from "./poisons.ts";
import { type RunnableCase, runnable } from "./run.ts";

/** In the order in which they are run. */
export const CASES: readonly RunnableCase[] = [
  runnable(killCase("kill", "SIGKILL", 10)),
  runnable(killCase("segv", "SIGSEGV", 5)),
  runnable(stopCase),
  ...POISONS.map((poison) => runnable(poisonCase(poison))),
  runnable(overloadCase),
  runnable(retryAfterCase),
  runnable(leaveCase),
];

export const CASE_NAMES = CASES.map(({ name }) => name);
