import type { InstanceStatus, WorkerStats } from "../../index.ts";
import { type CpuTicks, readCpuTicks } from "./cpu-load.ts";

/** What is known at one moment. */
export interface Sample {
  readonly status: InstanceStatus;
  readonly ticks: CpuTicks;
}

export async function takeSample(fetchStatus: () => Promise<InstanceStatus>): Promise<Sample> {
  const [status, ticks] = await Promise.all([fetchStatus(), readCpuTicks()]);
  return { status, ticks };
}

/**
 * CPUs' worth of time that a worker used of late, or null where that is not known: its CPU time is read anew only now and
 * then, so that the sample before may hold the same reading. Pure.
 * @param before newest last
 */
export function cpuShare(worker: WorkerStats, before: readonly Sample[]): number | null {
  const { footprint } = worker;
  if (footprint === null || footprint.cpuSeconds === null) return null;
  const earlier = before
    .map(({ status }) => workersOf(status).find(({ id }) => id === worker.id)?.footprint)
    .findLast((reading) => reading !== undefined && reading !== null && reading.at < footprint.at);
  if (earlier === undefined || earlier === null || earlier.cpuSeconds === null) return null;
  return (footprint.cpuSeconds - earlier.cpuSeconds) / ((footprint.at - earlier.at) / 1000);
}

function workersOf({ models }: InstanceStatus): WorkerStats[] {
  return models.flatMap(({ workers }) => workers);
}
