import { setTimeout as sleep } from "node:timers/promises";
import type { ListenAddress } from "../config/listen.ts";

/** Milliseconds that clients wait in systemd's sockets for a model that loads, before they are told that it loads. */
const LONGEST_HOLD = 20_000;

/**
 * How long to let those who connect wait in sockets that somebody else holds, instead of taking and refusing them: as
 * long as an earlier corral serves them, and for a while where systemd keeps them. Null: not at all. Pure.
 */
export function holdTime(addresses: readonly ListenAddress[], env: NodeJS.ProcessEnv): number | "until ready" | null {
  if (env.CORRAL_LISTEN_FDS) return "until ready";
  return addresses.some(({ kind }) => kind === "systemd") ? LONGEST_HOLD : null;
}

/** Resolves when it is time to take connections. @throws why it will never be ready */
export async function holdBack(
  addresses: readonly ListenAddress[],
  ready: Promise<unknown>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const time = holdTime(addresses, env);
  if (time === null) return;
  const isOver = new AbortController();
  const limit = time === "until ready" ? [] : [sleep(time, undefined, { signal: isOver.signal }).catch(() => {})];
  await Promise.race([ready, ...limit]).finally(() => isOver.abort());
}
