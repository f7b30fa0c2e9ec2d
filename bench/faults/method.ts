import type { RunnableCase } from "./run.ts";
import { type Suite, WORKERS } from "./suite.ts";

const MODELS = {
  llama: "llama-server with the echo model, which repeats what it is told, each time another text of 60 to 100 letters",
  chatglm: "chatglm-server with a model that says the alphabet again and again, 600 to 1,000 letters an answer",
} as const;

export function methodText({ engine, slots }: Suite, cases: readonly RunnableCase[]): string {
  return `Method. ${WORKERS} workers of ${slots} ${slots === 1 ? "slot" : "slots"}, each pinned to a CPU of its own: ${MODELS[engine]}. corral starts its own
(\`corral serve\`, over TCP as the proxies have it); before HAProxy and nginx stand workers with the same flags that are
started again 0.1 s after they end, as systemd does. HAProxy: leastconn, as many requests to a worker as it has slots,
redispatch, 3 retries on all retryable errors, bodies buffered, layer-7 observation, checks each second and each 0.2 s
where something changes. nginx: least_conn, the next worker on error and timeout, non_idempotent too; it has no queue, what
finds no slot waits inside the worker. Both allow an answer 10 minutes, for a plain one may take them. Every contestant is
started anew for every case, and they take turns. An answer counts where it is exact: text, finish_reason, one role and one
id and a [DONE] in a stream, completion_tokens; a client gives up when nothing has come to its end for 90 s.

${cases.map(({ title, method }) => `- ${title}: ${method}`).join("\n")}`;
}
