/** Programs that prepare a process before it becomes the engine; null where they are missing. */
export interface LaunchTools {
  /** util-linux' setpriv, with --pdeathsig. */
  readonly setpriv: string | null;
  readonly taskset: string | null;
}

export const NO_TOOLS: LaunchTools = { setpriv: null, taskset: null };

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command that starts an engine pinned to CPUs and doomed to die with its parent. Both are set before exec and by
 * programs that exec the next, so the pid stays and the process ends up under the engine's own name. Pure.
 *
 * The kernel sends the death signal when the *thread* that forked ends: start workers from the main thread only.
 */
export function launch(
  command: { readonly program: string; readonly args: readonly string[] },
  cpus: readonly number[],
  { setpriv, taskset }: LaunchTools,
): Launch {
  const words = [
    ...(setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"]),
    ...(taskset === null || cpus.length === 0 ? [] : [taskset, "-c", cpuList(cpus)]),
    command.program,
    ...command.args,
  ];
  const [file = command.program, ...args] = words;
  return { file, args };
}

/** [0, 1, 2, 5] is "0-2,5". */
export function cpuList(cpus: readonly number[]): string {
  const runs: { from: number; to: number }[] = [];
  for (const cpu of [...cpus].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && cpu <= last.to + 1) last.to = cpu;
    else runs.push({ from: cpu, to: cpu });
  }
  return runs.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
