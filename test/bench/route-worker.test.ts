import { describe, expect, it } from "vitest";
import { textOf } from "../../bench/route/text.ts";
import { SimulatedWorker, type Task, type WorkerShape } from "../../bench/route/worker.ts";

/** A second a step and a hundredth of one for each token in it. */
const SHAPE: WorkerShape = {
  slots: 2,
  batch: 100,
  cacheTokens: 0,
  speed: { step: (tokens) => 1 + tokens / 100, prefill: 100, decode: () => 1 },
};

let pieces = 0;

function task(prompt: number, answer: number): Task {
  return { prompt: textOf([{ id: ++pieces, tokens: prompt }]), answer: { id: ++pieces, tokens: answer } };
}

/** Runs steps until there is nothing to do; each with its seconds and what came of it. */
function steps(worker: SimulatedWorker<Task>, from = 0) {
  const all: { seconds: number; events: string[] }[] = [];
  let now = from;
  for (let seconds = worker.beginStep(); seconds !== null; seconds = worker.beginStep()) {
    now += seconds;
    const events = worker.endStep(now).map(({ kind, task: { prompt } }) => `${kind} of ${prompt.length}`);
    all.push({ seconds, events });
  }
  return all;
}

describe("a simulated worker", () => {
  it("computes a prompt in batches; the last one gives the first token", () => {
    const worker = new SimulatedWorker<Task>(SHAPE);
    worker.start(task(250, 2), 0);
    expect(steps(worker)).toEqual([
      { seconds: 2, events: [] },
      { seconds: 2, events: [] },
      { seconds: 1.5, events: ["first-token of 250"] },
      { seconds: 1.01, events: ["ended of 250"] },
    ]);
  });

  it("gives running answers their token in each step, and prompts the room that is left, slot by slot", () => {
    const worker = new SimulatedWorker<Task>({ ...SHAPE, slots: 3 });
    worker.start(task(10, 4), 0);
    expect(worker.beginStep()).toBeCloseTo(1.1);
    worker.endStep(1.1);
    worker.start(task(150, 1), 1.1);
    worker.start(task(60, 1), 1.1);
    expect(steps(worker, 1.1)).toEqual([
      // Slots are taken from the last one down, so that of 60 tokens comes before that of 150.
      { seconds: 2, events: ["first-token of 60", "ended of 60"] },
      { seconds: 2, events: [] },
      { seconds: expect.closeTo(1.13), events: ["first-token of 150", "ended of 10", "ended of 150"] },
    ]);
  });

  it("reports what an answer took, and what of its prompt was cached", () => {
    const worker = new SimulatedWorker<Task>(SHAPE);
    const first = task(50, 3);
    worker.start(first, 10);
    let now = 10;
    for (let seconds = worker.beginStep(); seconds !== null; seconds = worker.beginStep()) {
      now += seconds;
      for (const event of worker.endStep(now)) {
        if (event.kind !== "ended") continue;
        expect(event.timings).toEqual({
          promptTokens: 50,
          cachedTokens: 0,
          promptSeconds: 1.5,
          answerSeconds: expect.closeTo(2.02),
          answerTokens: 3,
        });
      }
    }
    expect(worker.start({ ...task(1, 1), prompt: textOf([...first.prompt.pieces, first.answer]) }, now)).toBe(52);
  });

  it("has nothing to do where nothing runs", () => {
    expect(new SimulatedWorker<Task>(SHAPE).beginStep()).toBeNull();
  });
});
