import { describe, expect, it } from "vitest";
import { randomFrom } from "../../src/load/prompts.ts";
import { type Stage, search } from "../../src/tune/search.ts";
import { type Grid, publishedGrids, type Shape, shapeKey } from "./grids.ts";

/** Times that exhaustive measuring would measure each candidate, and the search does in a race. */
const ROUNDS = 3;
/** Of the time that measuring everything takes. */
const SHARE = 1 / 4;
const SEEDS = 12;

/** The figures of one grid as if they were measured now: another noise each time, the same for a seed. */
function measuring({ cells }: Grid, scoreOf: (cell: Grid["cells"][number]) => number, noise: number, seed: number) {
  const scores = new Map(cells.map((cell) => [shapeKey(cell.shape), scoreOf(cell)]));
  const random = randomFrom(seed);
  const bell = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let count = 0;
  return {
    truth: (shape: Shape) => scores.get(shapeKey(shape)) ?? 0,
    best: Math.max(...scores.values()),
    count: () => count,
    measure: async (shape: Shape) => {
      count += 1;
      return (scores.get(shapeKey(shape)) ?? 0) * Math.exp(noise * bell());
    },
  };
}

function stagesOf({ cells }: Grid): Stage<Shape>[] {
  const known = new Set(cells.map(({ shape }) => shapeKey(shape)));
  const distinct = <T>(values: readonly T[]) => [...new Set(values)];
  const slots = distinct(cells.map(({ shape }) => shape.slots)).sort((a, b) => a - b);
  const splits = distinct(cells.map(({ shape: { workers, threads } }) => `${workers} ${threads}`))
    .map((split) => split.split(" ").map(Number) as [number, number])
    .sort(([a], [b]) => a - b);
  const among = (shapes: readonly Shape[]) => shapes.filter((shape) => known.has(shapeKey(shape)));
  return [
    { about: "slots", isOrdered: true, answers: (best) => among(slots.map((count) => ({ ...best, slots: count }))) },
    {
      about: "workers",
      isOrdered: true,
      answers: (best) => among(splits.map(([workers, threads]) => ({ ...best, workers, threads }))),
    },
  ];
}

/** Without a prior but the rule of thumb: about 12 threads a worker, 4 sequences each. */
function startOf({ cells }: Grid): Shape {
  const [nearest] = cells
    .map(({ shape }) => shape)
    .filter(({ slots }) => slots === 4)
    .sort((a, b) => Math.abs(a.threads - 12) - Math.abs(b.threads - 12));
  return nearest!;
}

const goals = {
  "answer tokens a second": ({ decode }: Grid["cells"][number]) => decode,
  "requests of 128 tokens a second": ({ prefill, decode }: Grid["cells"][number]) => 1 / (128 / prefill + 128 / decode),
};

async function searched(grid: Grid, scoreOf: (cell: Grid["cells"][number]) => number, noise: number, seed: number) {
  const { measure, truth, best, count } = measuring(grid, scoreOf, noise, seed);
  const budget = Math.floor(grid.cells.length * ROUNDS * SHARE);
  const found = await search({
    start: startOf(grid),
    stages: stagesOf(grid),
    keyOf: shapeKey,
    measure,
    rounds: ROUNDS,
    isOver: () => count() >= budget,
  });
  return { found: found.best, share: truth(found.best) / best, count: count(), budget };
}

describe.each(publishedGrids())("on the measurements of $name", (grid) => {
  // Where single figures differ by 5% from run to run, nobody can tell 5% for sure in so little time.
  it.each(Object.entries(goals))("lands within 5% of the best in a quarter of the time: %s", async (_, scoreOf) => {
    for (const noise of [0, 0.01, 0.02, 0.05]) {
      for (let seed = 1; seed <= (noise === 0 ? 1 : SEEDS); seed += 1) {
        const { found, share, count, budget } = await searched(grid, scoreOf, noise, seed);
        expect(count).toBeLessThanOrEqual(budget);
        expect(share, `noise ${noise}, seed ${seed}: ${shapeKey(found)}`).toBeGreaterThanOrEqual(
          noise > 0.02 ? 0.8 : 0.95,
        );
      }
    }
  });
});

describe("a search", () => {
  const [grid] = publishedGrids();
  const decode = goals["answer tokens a second"];

  it("finds the same with the same measurements", async () => {
    expect(await searched(grid!, decode, 0.03, 7)).toEqual(await searched(grid!, decode, 0.03, 7));
  });

  it("measures nothing when its time is over", async () => {
    const { measure, count } = measuring(grid!, decode, 0, 1);
    const start = startOf(grid!);
    const found = await search({ start, stages: stagesOf(grid!), keyOf: shapeKey, measure, isOver: () => true });
    expect(found).toEqual({ best: start, isComplete: false });
    expect(count()).toBe(0);
  });

  it("looks beyond a neighbour that is no better", async () => {
    const scores = [1, 1.005, 1.3, 0.9];
    const stages = [{ about: "place", isOrdered: true, answers: () => [0, 1, 2, 3] }];
    const measure = async (place: number) => scores[place] ?? 0;
    expect(await search({ start: 0, stages, keyOf: String, measure })).toEqual({ best: 2, isComplete: true });
  });

  it("keeps what it has where another gains less than is asked for", async () => {
    const answers = () => [0, 1];
    const measure = async (place: number) => [1, 1.04][place] ?? 0;
    const ask = (leastGain: number) =>
      search({ start: 0, stages: [{ about: "place", isOrdered: false, answers, leastGain }], keyOf: String, measure });
    expect((await ask(1.05)).best).toBe(0);
    expect((await ask(1.03)).best).toBe(1);
  });

  it("is not led astray by one outlier", async () => {
    let count = 0;
    const measure = async (place: number) => {
      count += 1;
      return place === 1 && count === 2 ? 3 : [1, 0.9][place]!;
    };
    const stages = [{ about: "place", isOrdered: false, answers: () => [0, 1] }];
    expect((await search({ start: 0, stages, keyOf: String, measure })).best).toBe(0);
  });

  it("does not give up after one bad measurement what is ahead in the others", async () => {
    const stages = [{ about: "place", isOrdered: false, answers: () => [0, 1] }];
    const challenger = [0.93, 1.06, 1.07];
    const measure = async (place: number) => (place === 1 ? (challenger.shift() ?? 1.06) : 1);
    expect((await search({ start: 0, stages, keyOf: String, measure })).best).toBe(1);
  });

  it("leaves a start that can't run for one that can", async () => {
    const stages = [{ about: "place", isOrdered: false, answers: () => [0, 1] }];
    const measure = async (place: number) => [0, 1][place]!;
    expect((await search({ start: 0, stages, keyOf: String, measure })).best).toBe(1);
  });
});
