import { Client } from "../kit/client.ts";
import { rotated } from "../kit/rotated.ts";
import { withTeardown } from "../kit/teardown.ts";
import { type ChatLoad, type ChatsResult, holdChats, type Seeds } from "./chats.ts";
import type { Contestant } from "./contestants.ts";

/** What one contestant gave in one round. */
export interface Cell extends ChatsResult {
  readonly name: string;
  readonly round: number;
}

/**
 * In each round all contestants, one after the other and begun with another one, each with texts of its own, while users
 * pause alike.
 */
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
      const times = 10_000 * (round + 1);
      const seeds = { times, texts: times + 1_000 * (1 + contestants.indexOf(contestant)) };
      cells.push({ name: contestant.name, round, ...(await turnOf(contestant, load, seeds)) });
    }
  }
  return cells;
}

function turnOf({ name, start }: Contestant, load: ChatLoad, seeds: Seeds): Promise<ChatsResult> {
  return withTeardown(async (defer) => {
    const client = new Client(await start(defer), load.chats);
    defer(() => client.close());
    return holdChats(client, load, seeds, name);
  });
}
