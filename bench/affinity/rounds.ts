import { Client } from "../kit/client.ts";
import { rotated } from "../kit/rotated.ts";
import { withTeardown } from "../kit/teardown.ts";
import { type ChatLoad, type ChatsResult, holdChats } from "./chats.ts";
import type { Contestant } from "./contestants.ts";

/** What one contestant gave in one round. */
export interface Cell extends ChatsResult {
  readonly name: string;
  readonly round: number;
}

/** In each round all contestants, one after the other and begun with another one, each with texts of its own. */
export async function measure(
  contestants: readonly Contestant[],
  load: ChatLoad,
  rounds: number,
  report: (line: string) => void,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of rotated(contestants, round)) {
      report(`round ${round + 1} of ${rounds}: ${contestant.name}`);
      const seed = 10_000 * (round + 1) + 1_000 * contestants.indexOf(contestant);
      cells.push({ name: contestant.name, round, ...(await turnOf(contestant, load, seed)) });
    }
  }
  return cells;
}

function turnOf({ name, start }: Contestant, load: ChatLoad, seed: number): Promise<ChatsResult> {
  return withTeardown(async (defer) => {
    const client = new Client(await start(defer), load.chats);
    defer(() => client.close());
    return holdChats(client, load, seed, name);
  });
}
