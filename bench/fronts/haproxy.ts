import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "../kit/child.ts";
import type { ProxyStart } from "./front.ts";

/**
 * HAProxy as one tunes it for llama-server: bodies buffered before a worker sees them, no more requests to a worker than
 * it has slots, retries, passive and active checks, connections kept and shared.
 */
function config({ worker, port, slots }: ProxyStart): string {
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
  default_backend workers
backend workers
  option httpchk GET /health
  http-request set-header authorization "Bearer ${worker.key}"
  default-server check inter 1s observe layer7 error-limit 1 on-error mark-down maxconn ${slots} pool-max-conn ${slots}
  server worker0 ${worker.host}:${worker.port}
`;
}

export async function startHaproxy(program: string, start: ProxyStart): Promise<Child> {
  const file = join(start.directory, "haproxy.cfg");
  writeFileSync(file, config(start), { mode: 0o600 });
  return startChild(program, ["-db", "-q", "-f", file]);
}
