import getPort from "get-port";
import { processTree } from "../kit/process-cpu.ts";
import { untilReady } from "../kit/ready.ts";
import { findProgram } from "./find-program.ts";
import type { Front, ProxyStart } from "./front.ts";
import { startHaproxy } from "./haproxy.ts";
import { startNginx } from "./nginx.ts";

const PROXIES = { haproxy: startHaproxy, nginx: startNginx } as const;
export type ProxyName = keyof typeof PROXIES;
export const PROXY_NAMES = Object.keys(PROXIES) as ProxyName[];

/** Path of each proxy's program. Throws, with the line that installs them, when one is missing. */
export function findProxies(names: readonly ProxyName[]): Map<ProxyName, string> {
  const found = names.map((name) => [name, findProgram(name)] as const);
  const missing = found.filter(([, path]) => path === null).map(([name]) => name);
  if (missing.length > 0) {
    throw new Error(
      `${missing.join(" and ")} not installed. On Debian: apt-get install ${missing.join(" ")}. To go on without: --without ${missing.join(",")}`,
    );
  }
  return new Map(found.flatMap(([name, path]) => (path === null ? [] : [[name, path] as const])));
}

/** Starts a proxy before the workers and waits until it lets a request through. */
export async function startProxy(
  name: ProxyName,
  program: string,
  start: Omit<ProxyStart, "port">,
  defer: (undo: () => Promise<void>) => void,
): Promise<Front> {
  const port = await getPort();
  const child = await PROXIES[name](program, { ...start, port });
  defer(() => child.end());
  const origin = `http://127.0.0.1:${port}`;
  await untilReady(`${origin}/health`, name);
  return { name, target: { origin, headers: {} }, pids: processTree(child.pid) };
}
