import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { demandOf, paced } from "../../bench/route/pace.ts";
import { withFollowers } from "../../bench/route/request.ts";
import { commonPrefix } from "../../bench/route/text.ts";
import { parseBlocks, parseLengths } from "../../bench/route/traces.ts";
import type { WorkerShape } from "../../bench/route/worker.ts";
import { chats, hotPrompt, replayed } from "../../bench/route/workloads.ts";

const SHAPE: WorkerShape = {
  slots: 4,
  batch: 128,
  cacheTokens: 0,
  speed: { step: (tokens) => tokens / 40, prefill: 100, decode: () => 10 },
};

const BLOCKS = `arrival_ms,input_tokens,output_tokens,blocks
0,1100,32,0-2
500,1000,8,0 7
2000,512,160,0
`;

describe("traces", () => {
  it("are read with their blocks", () => {
    expect(parseBlocks(BLOCKS).map(({ at, blocks }) => [at, ...blocks])).toEqual([
      [0, 0, 1, 2],
      [0.5, 0, 7],
      [2, 0],
    ]);
    expect(() => parseBlocks("a,b\n1,2\n")).toThrow("columns");
    expect(() => parseLengths("arrival_s,input_tokens,output_tokens\n1,x,2\n")).toThrow('Line 2 of the trace: "x"');
  });

  it("in bench/data are whole: a prompt has as many blocks as its tokens fill", () => {
    const rows = parseBlocks(readFileSync("bench/data/mooncake-conversation.csv", "utf8"));
    expect(rows).toHaveLength(4_000);
    for (const { blocks, promptTokens } of rows) expect(blocks).toHaveLength(Math.ceil(promptTokens / 512));
    expect(parseLengths(readFileSync("bench/data/azure-2023-conv.csv", "utf8"))).toHaveLength(4_000);
  });

  it("keep what is shared when lengths are scaled, and share nothing between copies", () => {
    const [first, second, third, ...copies] = replayed("t", parseBlocks(BLOCKS), 16, 8_192).arrivals(6, 2);
    if (!first || !second || !third) throw new Error("three rows, copied once");
    const all = [first, second, third, ...copies].map(({ request }) => request);
    expect(all).toHaveLength(6);
    const shared = (length: number) => all.filter(({ prompt }) => prompt.length === length);
    const [long, copyOfLong] = shared(69);
    const [middle] = shared(63);
    if (!long || !copyOfLong || !middle) throw new Error("the trace's prompts by 16");
    expect(commonPrefix(long.prompt, copyOfLong.prompt)).toBe(0);
    const relatives = shared(63).map(({ prompt }) => commonPrefix(long.prompt, prompt));
    expect(relatives.sort((a, b) => a - b)).toEqual([0, 32]);
    expect(long.answer.tokens).toBe(2);
  });

  it("follow each other, and lie side by side for many workers", () => {
    const times = (workers: number) =>
      replayed("t", parseBlocks(BLOCKS), 16, 8_192)
        .arrivals(6, workers)
        .map(({ at }) => Number(at.toFixed(2)));
    expect(times(2)).toEqual([0, 0.5, 2, 2.67, 3.17, 4.67]);
    expect(times(200)).toEqual([0, 0.5, 0.67, 1.33, 1.83, 2]);
  });

  it("cut prompts so that the answer fits into the context", () => {
    const [first] = replayed("t", parseBlocks(BLOCKS), 1, 600).arrivals(3, 2);
    expect(first?.request.prompt.length).toBe(600 - 32 - 1);
  });
});

describe("made workloads", () => {
  it("are the same at each run", () => {
    expect(hotPrompt.arrivals(50, 2)).toEqual(hotPrompt.arrivals(50, 2));
    expect(chats.arrivals(50, 2)).toEqual(chats.arrivals(50, 2));
  });

  it("chats have six turns, each of which begins with the last one and its answer", () => {
    const [chat] = chats.arrivals(6, 2);
    const turns = chat === undefined ? [] : withFollowers(chat.request);
    expect(turns).toHaveLength(6);
    for (const [index, turn] of turns.slice(1).entries()) {
      const before = turns[index];
      if (before === undefined) throw new Error("there is a turn before");
      expect(commonPrefix(before.prompt, turn.prompt)).toBe(before.prompt.length);
      expect(turn.prompt.pieces[before.prompt.pieces.length]).toEqual(before.answer);
    }
  });

  it("of a hot system prompt share it in about seven of ten", () => {
    const first = hotPrompt.arrivals(1_000, 2).map(({ request }) => request.prompt.pieces[0]?.id);
    const share = first.filter((id) => id === 1).length / 1_000;
    expect(share).toBeGreaterThan(0.65);
    expect(share).toBeLessThan(0.75);
  });
});

describe("the pace", () => {
  it("counts a prompt at its rate and an answer at its share of a full step", () => {
    const [one] = replayed("t", parseBlocks(BLOCKS), 1, 8_192).arrivals(3, 2);
    expect(one && demandOf(one.request, SHAPE)).toBeCloseTo(1100 / 100 + (32 * 0.1) / 4);
  });

  it("spreads requests so that they take the wanted share of the workers' time", () => {
    const arrivals = chats.arrivals(120, 2);
    const spread = paced(arrivals, 3, 0.5, SHAPE);
    const demand = spread
      .flatMap(({ request }) => withFollowers(request))
      .reduce((sum, request) => sum + demandOf(request, SHAPE), 0);
    const span = Math.max(...spread.map(({ at }) => at));
    expect(demand / (3 * span)).toBeCloseTo(0.5);
    expect((spread[1]?.at ?? 0) / (spread[0]?.at ?? 1)).toBeCloseTo((arrivals[1]?.at ?? 0) / (arrivals[0]?.at ?? 1));
  });
});
