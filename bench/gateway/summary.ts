import { median, pairedDifferences, pairedRatio, percentile, type Ratio } from "../../src/load/statistics.ts";
import { figure, markdownTable, times } from "../kit/table.ts";
import type { FrontRound, Round } from "./rounds.ts";

const DIRECT = "direct";
const CORRAL = "corral";

/** Medians over the rounds of what one front showed. Times in milliseconds. */
export interface Row {
  readonly name: string;
  /** Over the direct way, pair by pair. */
  readonly addedP50: number;
  readonly addedP99: number;
  /** To the first byte of streams that are asked all at once. */
  readonly loadedP50: number;
  readonly loadedP99: number;
  readonly cpuPerThousandChunks: number;
  readonly smallPerSecond: number;
  readonly cpuPerThousandSmall: number;
}

export function rowOf(name: string, rounds: readonly Round[]): Row {
  const over = (pick: (round: FrontRound) => number) => median(series(name, rounds, pick));
  const loaded = rounds.flatMap((round) => round.get(name)?.streaming.firstBytes ?? []);
  const added = rounds.flatMap((round) => addedFirstBytes(name, round));
  return {
    name,
    addedP50: percentile(added, 50),
    addedP99: percentile(added, 99),
    loadedP50: percentile(loaded, 50),
    loadedP99: percentile(loaded, 99),
    cpuPerThousandChunks: over(({ streaming }) => streaming.cpuPerThousand),
    smallPerSecond: over(({ small }) => small?.perSecond ?? Number.NaN),
    cpuPerThousandSmall: over(({ small }) => small?.cpuPerThousand ?? Number.NaN),
  };
}

/** corral's figure divided by a rival's, round by round. Under 1 is better, but for small answers per second. */
export interface Comparison {
  readonly rival: string;
  /** Of the medians over all rounds: a round's own is too small a difference to divide by. NaN if it added nothing. */
  readonly addedP50: number;
  readonly cpuPerThousandChunks: Ratio;
  readonly smallPerSecond: Ratio;
  readonly cpuPerThousandSmall: Ratio;
}

export function compare(rival: string, rounds: readonly Round[]): Comparison {
  const ratio = (pick: (round: FrontRound) => number) =>
    pairedRatio(series(CORRAL, rounds, pick), series(rival, rounds, pick));
  const added = (name: string) => median(rounds.flatMap((round) => addedFirstBytes(name, round)));
  return {
    rival,
    addedP50: added(rival) > 0 ? added(CORRAL) / added(rival) : Number.NaN,
    cpuPerThousandChunks: ratio(({ streaming }) => streaming.cpuPerThousand),
    smallPerSecond: ratio(({ small }) => small?.perSecond ?? Number.NaN),
    cpuPerThousandSmall: ratio(({ small }) => small?.cpuPerThousand ?? Number.NaN),
  };
}

/** Ratios first, then the figures they were made of. */
export function tables(names: readonly string[], rounds: readonly Round[]): string {
  const rivals = names.filter((name) => name !== DIRECT && name !== CORRAL);
  const figures = figuresTable(names.map((name) => rowOf(name, rounds)));
  if (!names.includes(CORRAL) || rivals.length === 0) return figures;
  return `${ratiosTable(rivals.map((rival) => compare(rival, rounds)))}\n\n${figures}`;
}

function ratiosTable(comparisons: readonly Comparison[]): string {
  return markdownTable(
    ["corral divided by", "first byte added, p50", "CPU per chunk", "small answers/s", "CPU per small answer"],
    comparisons.map((c) => [
      c.rival,
      times({ median: c.addedP50 }),
      ...[c.cpuPerThousandChunks, c.smallPerSecond, c.cpuPerThousandSmall].map(times),
    ]),
  );
}

function figuresTable(rows: readonly Row[]): string {
  return markdownTable(
    [
      "same run",
      "first byte added ms, p50",
      "p99",
      "first byte of all at once ms, p50",
      "p99",
      "CPU ms per 1,000 chunks",
      "small answers/s",
      "CPU ms per 1,000 of them",
    ],
    rows.map((row) => {
      const isDirect = row.name === DIRECT;
      const own = (value: number) => (isDirect ? "-" : figure(value));
      return [
        row.name,
        own(row.addedP50),
        own(row.addedP99),
        figure(row.loadedP50),
        figure(row.loadedP99),
        own(row.cpuPerThousandChunks),
        figure(row.smallPerSecond),
        own(row.cpuPerThousandSmall),
      ];
    }),
  );
}

function addedFirstBytes(name: string, round: Round): number[] {
  return pairedDifferences(round.get(name)?.firstBytes ?? [], round.get(DIRECT)?.firstBytes ?? []);
}

function series(name: string, rounds: readonly Round[], pick: (round: FrontRound) => number): number[] {
  return rounds.flatMap((round) => {
    const found = round.get(name);
    return found === undefined ? [] : [pick(found)];
  });
}
