import type { Endpoint } from "../endpoint.ts";
import { CorralError } from "../errors.ts";
import type { CommandLine, Program, WorkerStart } from "./engine.ts";

/** Requests that wait inside a worker. The queue is ours; one that comes while another is being cancelled must wait. */
const QUEUE = 4;

/** chatglm-server's command line. Pure. */
export function chatglmCommandLine(program: Program, start: WorkerStart): CommandLine {
  const { plan, worker, endpoint, keyFile } = start;
  return {
    program: program.path,
    args: [
      ["-m", plan.model.path],
      ["--alias", plan.model.name],
      address(endpoint),
      // A key in the arguments shows in `ps`.
      ["--api-key-file", keyFile],
      ["-t", worker.threads, "-c", plan.context],
      ["--queue", QUEUE, "--metrics"],
    ]
      .flat()
      .map(String),
    env: {},
  };
}

/** @throws CorralError CORRAL_BAD_OPTION for any: chatglm-server has no flags that are not corral's own */
export function refuseArgs([flag]: readonly string[]): void {
  if (flag === undefined) return;
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    `the engine's flag ${flag} cannot be passed in \`args\`: chatglm-server has no flags but those that corral sets`,
    { facts: { option: "args", flag } },
  );
}

function address(endpoint: Endpoint): (string | number)[] {
  return endpoint.kind === "unix"
    ? ["--host", endpoint.socketPath]
    : ["--host", endpoint.host, "--port", endpoint.port];
}
