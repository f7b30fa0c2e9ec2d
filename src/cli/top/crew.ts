import type { InstanceStatus, WorkerStats } from "../../index.ts";
import type { Colours, Paint } from "../terminal/colour.ts";

/** A worker, with the sign and the colour that it has on the CPU map and in the table. */
export interface Hand {
  readonly worker: WorkerStats;
  readonly model: string;
  readonly sign: string;
  readonly paint: Paint;
}

const SIGNS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Of those that come after them. */
const ANY = "+";

/** All workers of an instance: a sign for each, a colour for each model. Pure. */
export function crewOf({ models }: InstanceStatus, colours: Colours): Hand[] {
  return models
    .flatMap(({ name, workers }, index) =>
      workers.map((worker) => ({ worker, model: name, paint: paintOf(index, colours) })),
    )
    .map((hand, index) => ({ ...hand, sign: SIGNS[index] ?? ANY }));
}

/** Of the n-th model. Red means trouble, and belongs to none. */
export function paintOf(index: number, { cyan, magenta, yellow, blue, green }: Colours): Paint {
  return [cyan, magenta, yellow, blue, green][index % 5] ?? cyan;
}
