import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "../kit/child.ts";
import type { ProxyStart } from "./front.ts";

/**
 * HAProxy as one tunes it for llama-server: bodies buffered before a worker sees them, no more requests to a worker than
 * it has slots, retries, passive and active checks (a worker that is back is used again within 0.2 s), connections kept
 * and shared.
 */
function config({ workers, port, slots, queue }: ProxyStart): string {
  const refuse = `http-request return status 429 hdr retry-after 1 if { queue(workers) ge ${queue} }`;
  const servers = workers.map(({ host, port }, index) => `  server worker${index} ${host}:${port}`);
  return `global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  timeout queue 10m
  option http-buffer-request
  option http-no-delay
  option redispatch
  retries 3
  retry-on all-retryable-errors
  http-reuse always
frontend api
  bind 127.0.0.1:${port}
  ${queue === null ? "" : refuse}
  default_backend workers
backend workers
  balance leastconn
  option httpchk GET /health
  http-request set-header authorization "Bearer ${workers[0]?.key}"
  default-server check inter 1s fastinter 200ms downinter 200ms rise 1 fall 2
  default-server observe layer7 error-limit 1 on-error mark-down maxconn ${slots} pool-max-conn ${slots}
${servers.join("\n")}
`;
}

export async function startHaproxy(program: string, start: ProxyStart): Promise<Child> {
  const file = join(start.directory, "haproxy.cfg");
  writeFileSync(file, config(start), { mode: 0o600 });
  return startChild(program, ["-db", "-q", "-f", file]);
}
