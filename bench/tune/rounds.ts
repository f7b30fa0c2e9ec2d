import { measureLoad } from "../../src/load/load.ts";
import { besideNeighbour } from "../../src/tune/neighbour.ts";
import { rotated } from "../kit/rotated.ts";
import type { Cell } from "../pool/rounds.ts";
import type { Contestant } from "./contestants.ts";
import type { TuneLoad } from "./method.ts";

/** llama-server with its defaults gives about a token a second beside a neighbour: fewer tokens, or it takes an hour. */
const SHORTER = 6;
const LEAST_TOKENS = 4;

/** Each round: quiet, then beside a neighbour; at every concurrency both, one after the other, begun with another one. */
export async function measure(
  contestants: readonly Contestant[],
  load: TuneLoad,
  report: (line: string) => void,
): Promise<Cell[]> {
  const { rounds, concurrencies, tokens } = load;
  const most = Math.max(...concurrencies);
  report("warming up");
  for (const { pool } of contestants) {
    await measureLoad(pool, { concurrency: most, requests: most, shapes: [{ prompt: tokens, answer: 8 }], warmUp: 0 });
  }
  const cells: Cell[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const busyNeighbour of [false, true]) {
      report(`round ${round + 1} of ${rounds}, ${busyNeighbour ? "busy neighbour" : "quiet"}`);
      const turn = async (): Promise<void> => {
        for (const concurrency of concurrencies) {
          for (const { name, pool } of rotated(contestants, round)) {
            const asked = busyNeighbour ? Math.max(LEAST_TOKENS, Math.round(tokens / SHORTER)) : tokens;
            const tokensPerSecond = await rateOf(pool, concurrency, asked, name);
            cells.push({ name, round, busyNeighbour, concurrency, tokensPerSecond });
          }
        }
      };
      await (busyNeighbour ? besideNeighbour(turn) : turn());
    }
  }
  return cells;
}

/** Answer tokens of all requests over the time from the first question to the last answer's end. */
async function rateOf(pool: Contestant["pool"], concurrency: number, tokens: number, who: string): Promise<number> {
  const requests = Math.max(2, concurrency);
  const shapes = [{ prompt: tokens, answer: tokens }];
  const { seconds, failed, failures } = await measureLoad(pool, { concurrency, requests, shapes, warmUp: 0 });
  if (failed > 0) throw new Error(`${who}: ${failed} of ${requests} answers failed: ${failures[0]?.why}`);
  return (requests * tokens) / seconds;
}
