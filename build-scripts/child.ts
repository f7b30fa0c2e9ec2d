import { which } from "./which.ts";

/**
 * The command line that makes a child get a signal when this process ends, even by kill -9. Linux with util-linux's
 * setpriv only; elsewhere the command as it is. The signal comes when the thread that spawned the child ends: spawn
 * from the main thread.
 */
export function tiedToParent(signal: "TERM" | "KILL", program: string, args: readonly string[]): [string, string[]] {
  const setpriv = process.platform === "linux" ? which("setpriv", process.env.PATH) : null;
  return setpriv === null ? [program, [...args]] : [setpriv, ["--pdeathsig", signal, "--", program, ...args]];
}
