import type { Front } from "../fronts/front.ts";
import { askInLoops, Client, insist, type Question } from "../kit/client.ts";
import { cpuTime } from "../kit/process-cpu.ts";
import { rotated } from "../kit/rotated.ts";

/** A front with its open connections. */
export interface Lane extends Front {
  readonly client: Client;
}

export function openLane(front: Front, connections: number): Lane {
  return { ...front, client: new Client(front.target, connections) };
}

/**
 * Milliseconds to the first byte of streams asked one at a time, lane by lane in turn, so that the n-th figures of all
 * lanes belong to the same moment. Each turn begins with another lane.
 */
export async function firstBytes(
  lanes: readonly Lane[],
  question: Question,
  turns: number,
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>(lanes.map(({ name }) => [name, []]));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const lane of rotated(lanes, turn)) {
      const answer = await lane.client.ask(question);
      insist([answer], lane.name);
      found.get(lane.name)?.push(answer.firstByte);
    }
  }
  return found;
}

export interface Streaming {
  readonly chunks: number;
  /** Milliseconds of CPU per 1,000 chunks: of the front, and of the client for comparison. */
  readonly cpuPerThousand: number;
  readonly clientPerThousand: number;
  /** Milliseconds to the first byte of each, all of a wave asked at once. */
  readonly firstBytes: readonly number[];
}

/** So many streams at once, `waves` times. Every stream must have `chunks` events where that is known. */
export async function stream(
  lane: Lane,
  question: Question,
  { concurrency, waves, chunks: expected }: { concurrency: number; waves: number; chunks?: number },
): Promise<Streaming> {
  const { answers, cpu, clientCpu } = await measured(lane, () =>
    askInLoops(lane.client, question, concurrency, (asked) => asked < concurrency * waves),
  );
  const odd = answers.find((answer) => expected !== undefined && answer.chunks !== expected);
  if (odd !== undefined) throw new Error(`${lane.name}: a stream came with ${odd.chunks} events, not ${expected}.`);
  const chunks = answers.reduce((sum, answer) => sum + answer.chunks, 0);
  return {
    chunks,
    cpuPerThousand: (1000 * cpu) / chunks,
    clientPerThousand: (1000 * clientCpu) / chunks,
    firstBytes: answers.map((answer) => answer.firstByte),
  };
}

export interface SmallAnswers {
  readonly perSecond: number;
  /** Milliseconds of the front's CPU per 1,000 answers. */
  readonly cpuPerThousand: number;
}

/** Plain answers as fast as they come, for `duration` milliseconds. */
export async function smallAnswers(
  lane: Lane,
  question: Question,
  { concurrency, duration }: { concurrency: number; duration: number },
): Promise<SmallAnswers> {
  const end = performance.now() + duration;
  const { answers, cpu, elapsed } = await measured(lane, () =>
    askInLoops(lane.client, question, concurrency, () => performance.now() < end),
  );
  return { perSecond: (1000 * answers.length) / elapsed, cpuPerThousand: (1000 * cpu) / answers.length };
}

async function measured(lane: Lane, ask: () => ReturnType<typeof askInLoops>) {
  const before = { at: performance.now(), cpu: cpuTime(lane.pids), client: process.cpuUsage() };
  const answers = await ask();
  const elapsed = performance.now() - before.at;
  const cpu = cpuTime(lane.pids) - before.cpu;
  const { user, system } = process.cpuUsage(before.client);
  insist(answers, lane.name);
  return { answers, elapsed, cpu, clientCpu: (user + system) / 1000 };
}
