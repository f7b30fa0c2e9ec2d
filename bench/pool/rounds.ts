import { Client } from "../kit/client.ts";
import { rotated } from "../kit/rotated.ts";
import type { Contestant } from "./contestants.ts";
import { withNeighbour } from "./neighbour.ts";
import { tokensPerSecond } from "./throughput.ts";

type Defer = (undo: () => void | Promise<void>) => void;

/** One figure: tokens per second of one contestant in one round. */
export interface Cell {
  readonly name: string;
  readonly round: number;
  readonly busyNeighbour: boolean;
  readonly concurrency: number;
  readonly tokensPerSecond: number;
}

export interface Load {
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  readonly tokens: number;
}

/** Each round: quiet, then with a neighbour; at every concurrency the contestants one after the other, begun with another. */
export async function measure(
  contestants: readonly Contestant[],
  { rounds, concurrencies, tokens }: Load,
  { defer, report }: { defer: Defer; report: (line: string) => void },
): Promise<Cell[]> {
  const most = Math.max(...concurrencies);
  const lanes = contestants.map(({ name, target }) => ({ name, client: new Client(target, most) }));
  for (const { client } of lanes) defer(() => client.close());
  const cells: Cell[] = [];
  report("warming up");
  for (const { name, client } of lanes) await tokensPerSecond(client, 8, most, name);
  for (let round = 0; round < rounds; round += 1) {
    for (const busyNeighbour of [false, true]) {
      report(`round ${round + 1} of ${rounds}, ${busyNeighbour ? "busy neighbour" : "quiet"}`);
      await withNeighbour(
        busyNeighbour,
        async () => {
          for (const concurrency of concurrencies) {
            for (const { name, client } of rotated(lanes, round)) {
              const rate = await tokensPerSecond(client, tokens, concurrency, name);
              cells.push({ name, round, busyNeighbour, concurrency, tokensPerSecond: rate });
            }
          }
        },
        defer,
      );
    }
  }
  return cells;
}
