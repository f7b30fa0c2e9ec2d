import { setTimeout as sleep } from "node:timers/promises";
import type { Question } from "../../kit/client.ts";
import { Asker } from "../asker.ts";
import type { FaultCase, Scene } from "../case.ts";
import { type Counts, countsOf } from "../counts.ts";
import { Load } from "../load.ts";
import type { Poison } from "../poisons.ts";
import { CLIENTS, countColumns, nothingFailed } from "./kills.ts";

/** Milliseconds. */
const AROUND = 2_000;
/** As SDKs do: twice, half a second and then a second after a failure that might pass. */
const PAUSES = [500, 1_000] as const;
/** Workers that may be lost while they served others. */
const MOST_LOST = 1;

interface PoisonFigures {
  readonly plain: Counts;
  readonly streams: Counts;
  /** Processes that ended. */
  readonly deaths: number;
  /** Of these, the ones that were open to other requests. */
  readonly serving: number;
  /** What the poison's clients were told at last: statuses, 0 for a broken connection. */
  readonly told: readonly number[];
}

/** A request that ends the process it runs in, from a client that tries twice more, and then from another one. */
export function poisonCase(poison: Poison): FaultCase<PoisonFigures> {
  const { name, what, how, engine } = poison;
  return {
    name,
    title: `poison: ${what}`,
    method: `${CLIENTS} clients as above; one more sends ${what}, ${how}, and where it fails twice more, as SDKs do; when all workers are back another client sends it likewise.`,
    engines: [engine],
    start: () => ({ queue: null }),
    measure: (scene) => measure(scene, poison),
    row: ({ plain, streams, deaths, serving, told }) => ({
      "workers that died": `${deaths}`,
      "while serving": `${serving}`,
      "the poison was told": told.map((status) => (status === 0 ? "nothing" : `${status}`)).join(", "),
      ...countColumns(plain, streams),
    }),
    verdicts: ({ plain, streams, serving }) => [
      { what: `at most ${MOST_LOST} serving worker is lost`, is: `${serving}`, reached: serving <= MOST_LOST },
      ...nothingFailed(plain, streams),
    ],
  };
}

async function measure({ contestant, suite }: Scene, poison: Poison): Promise<PoisonFigures> {
  const deaths = contestant.watchDeaths();
  const load = new Load(contestant.origin, suite, CLIENTS);
  const asker = new Asker(contestant.origin);
  const endAim = poison.aim?.(contestant);
  const told: number[] = [];
  try {
    for (let client = 0; client < 2; client += 1) {
      await sleep(AROUND);
      told.push(await insist(asker, poison.question(suite)));
      await contestant.whole();
    }
    await sleep(AROUND);
  } finally {
    await load.end();
    await endAim?.();
    await asker.close();
  }
  return {
    plain: countsOf(load.outcomes, false),
    streams: countsOf(load.outcomes, true),
    ...(await deaths()),
    told,
  };
}

/** @returns the last status; 0 for a broken connection */
async function insist(asker: Asker, poison: Question): Promise<number> {
  for (const pause of [...PAUSES, null]) {
    const { status, broken } = await asker.ask(poison);
    const mayPass = status === 0 || status === 429 || status >= 500 || broken !== null;
    if (!mayPass || pause === null) return broken === null ? status : 0;
    await sleep(pause);
  }
  return 0;
}
