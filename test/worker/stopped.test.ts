import { expect, test } from "vitest";
import { stateOf, untilStopped } from "../../src/worker/stopped.ts";

/** Finds it in these states, one a look, and ends when there are no more. */
async function watch(states: string, inFlight: number): Promise<{ isStopped: boolean; looks: number }> {
  const over = new AbortController();
  let looks = 0;
  const isStopped = (): boolean => {
    const state = states.charAt(looks);
    looks += 1;
    if (looks >= states.length) setImmediate(() => over.abort());
    return state === "T";
  };
  const load = { inFlight } as Parameters<typeof untilStopped>[0]["load"];
  const result = await untilStopped({ pid: 1, load, isStopped }, over.signal);
  return { isStopped: result, looks };
}

test("four looks in a row that find it stopped are enough, and fewer are a snapshot", async () => {
  expect(await watch("STTTSTTTT", 1)).toEqual({ isStopped: true, looks: 9 });
  expect(await watch("TTTSTTTS", 1)).toEqual({ isStopped: false, looks: 8 });
});

test("an idle one is looked at, too", async () => {
  expect(await watch("TTTT", 0)).toEqual({ isStopped: true, looks: 4 });
});

test("the state stands behind a name that may hold anything", () => {
  expect(stateOf("12 (llama-server) S 1 12 12")).toBe("S");
  expect(stateOf("12 (a) T (b) t 1 12 12")).toBe("t");
});
