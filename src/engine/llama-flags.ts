import type { Endpoint } from "../endpoint.ts";
import type { Plan } from "../plan/plan.ts";
import type { CommandLine, Program, WorkerStart } from "./engine.ts";

/** HTTP threads beyond one a slot: probes, cancellations, requests for token counts. The pool grows by itself after. */
const SPARE_HTTP_THREADS = 4;

/**
 * Seconds without a byte read or written after which the worker gives up a connection. Bodies come from the gateway
 * at once, and a client that reads nothing for so long is gone; the engine's default of an hour would hold the slot.
 */
const SOCKET_TIMEOUT = 300;

/** llama-server v0.5.0's command line. Pure. */
export function llamaCommandLine(program: Program, start: WorkerStart): CommandLine {
  const { plan, worker, endpoint, keyFile, promptDir, extraArgs } = start;
  const repack = plan.repack && !start.noRepack;
  return {
    program: program.path,
    args: [
      ["-m", plan.model.path],
      // A comma would make two names of it.
      ["--alias", plan.model.name.replaceAll(",", "_")],
      address(endpoint),
      // A key in the arguments shows in `ps`.
      ["--api-key-file", keyFile],
      ["-t", worker.threads, "-tb", worker.threads],
      ["-np", plan.slots, "-c", plan.slots * plan.context],
      plan.settings.sharedCache ? ["--kv-unified", "--kv-unified-per-slot", plan.context] : [],
      batch(start),
      attention(plan),
      ["--cache-ram", plan.promptCache],
      promptDir === null ? [] : ["--slot-save-path", promptDir],
      repack ? [] : ["--no-repack"],
      plan.settings.mapWeights ? [] : ["--load-mode", "none"],
      // Its search for what fits into a GPU reads the model's header twice.
      ["-fit", "off"],
      plan.settings.speculation === "ngram" ? ["--spec-type", "ngram-simple"] : [],
      PURPOSE_FLAGS[plan.model.purpose],
      ["--offline", "--no-ui", "--no-slots", "--metrics", "--cors-origins", "localhost"],
      ["--threads-http", plan.slots + SPARE_HTTP_THREADS, "-to", SOCKET_TIMEOUT],
      // A ping comes from an HTTP thread: to whoever watches the bytes a worker that computes nothing would look alive.
      ["--sse-ping-interval", -1],
      ["--log-colors", "off"],
      extraArgs,
    ]
      .flat()
      .map(String),
    env: {
      // On an abort the engine starts a debugger upon itself, which takes seconds while callers wait.
      GGML_NO_BACKTRACE: "1",
      // Each thread on a CPU of its own within the worker's set. Beside a busy process the scheduler otherwise leaves two
      // threads on one CPU, where each waits for the other's time slice at every barrier: below 1 token/s instead of 30.
      ...(worker.cpus.length > 1 ? { OMP_PROC_BIND: "true" } : {}),
      ...(plan.settings.spin === "passive" ? { OMP_WAIT_POLICY: "passive" } : {}),
      ...(plan.settings.hugePages ? { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" } : {}),
    },
  };
}

const PURPOSE_FLAGS = { text: [], embedding: ["--embeddings"], ranking: ["--reranking"] } as const;

function address(endpoint: Endpoint): string[] {
  return endpoint.kind === "unix"
    ? ["--host", endpoint.socketPath]
    : ["--host", endpoint.host, "--port", `${endpoint.port}`];
}

/** A model that embeds or ranks looks at the whole text at once: what is longer than a batch is refused. */
function batch({ plan }: WorkerStart): (string | number)[] {
  const tokens = plan.model.purpose !== "text" ? plan.context : plan.settings.batch;
  return ["-b", tokens, "-ub", tokens];
}

/** Values in q8_0 are read by flash attention only. */
function attention({ keyValueType, settings, model }: Plan): string[] {
  if (keyValueType !== "f16") return ["-ctk", keyValueType, "-ctv", keyValueType, "-fa", "on"];
  return model.purpose !== "text" || settings.flashAttention === "auto" ? [] : ["-fa", settings.flashAttention];
}
