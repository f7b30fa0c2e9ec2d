import type { Front } from "../fronts/front.ts";
import { rotated } from "../kit/rotated.ts";
import { firstBytes, type Lane, openLane, type SmallAnswers, type Streaming, smallAnswers, stream } from "./phases.ts";
import type { Workload } from "./workload.ts";

/** Everything one front showed in one round. */
export interface FrontRound {
  /** Milliseconds; the n-th belongs with the n-th of every other front. */
  readonly firstBytes: readonly number[];
  readonly streaming: Streaming;
  readonly small: SmallAnswers | null;
}

/** By the front's name. */
export type Round = ReadonlyMap<string, FrontRound>;

/**
 * Node compiles a function well only after some thousand calls, so what a young process shows is not what it costs: the
 * first rounds are thrown away.
 */
const WARM_UP_ROUNDS = 2;

/** Rounds to warm everything up, then `rounds` that count; the fronts alternate in each phase of each. */
export async function measure(
  fronts: readonly Front[],
  workload: Workload,
  { rounds, report }: { rounds: number; report: (line: string) => void },
): Promise<Round[]> {
  const lanes = fronts.map((front) => openLane(front, workload.concurrency));
  try {
    const found: Round[] = [];
    for (let number = 1 - WARM_UP_ROUNDS; number <= rounds; number += 1) {
      report(number <= 0 ? "warming up" : `round ${number} of ${rounds}`);
      const round = await oneRound(lanes, workload, number + WARM_UP_ROUNDS);
      if (number > 0) found.push(round);
    }
    return found;
  } finally {
    await Promise.all(lanes.map(({ client }) => client.close()));
  }
}

async function oneRound(lanes: readonly Lane[], workload: Workload, number: number): Promise<Round> {
  const bytes = await firstBytes(lanes, workload.probe, workload.turns);
  const round = new Map<string, FrontRound>();
  for (const lane of rotated(lanes, number)) {
    const streaming = await stream(lane, workload.stream, workload);
    const small = workload.plain === null ? null : await smallAnswers(lane, workload.plain, workload);
    round.set(lane.name, { firstBytes: bytes.get(lane.name) ?? [], streaming, small });
  }
  return round;
}
