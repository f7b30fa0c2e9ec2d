/** Programs that prepare a process before it becomes the engine; null where they are missing. */
export interface LaunchTools {
  /** util-linux' setpriv, with --pdeathsig. */
  readonly setpriv: string | null;
  readonly taskset: string | null;
  /** Where it can bind to the node at hand. */
  readonly numactl: string | null;
}

export const NO_TOOLS: LaunchTools = { setpriv: null, taskset: null, numactl: null };

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

/** Where a process is to run. */
export interface Place {
  /** None: not pinned. */
  readonly cpus: readonly number[];
  /** The NUMA node that all of its memory is to come from; null: the kernel's choice. */
  readonly node: number | null;
}

/**
 * The command that starts an engine in its place and doomed to die with its parent. All is set before exec and by
 * programs that exec the next, so the pid stays and the process ends up under the engine's own name. Pure.
 *
 * Memory is bound from outside: the engine's own --numa turns off its work stealing and the kernel's reading ahead.
 *
 * The kernel sends the death signal when the *thread* that forked ends: start workers from the main thread only.
 */
export function launch(
  command: { readonly program: string; readonly args: readonly string[] },
  { cpus, node }: Place,
  { setpriv, taskset, numactl }: LaunchTools,
): Launch {
  const words = [
    ...(setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"]),
    ...(taskset === null || cpus.length === 0 ? [] : [taskset, "-c", cpuList(cpus)]),
    ...(numactl === null || node === null ? [] : [numactl, `--membind=${node}`, "--"]),
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
