import { predictWith } from "../../src/plan/cost.ts";
import type { CostConstants } from "../../src/plan/cost-constants.ts";
import type { Cell, MeasuredCell } from "./grid.ts";
import { leastSquares } from "./least-squares.ts";

/** A positive number that is to be found: what it is before any data, and by which factor that may well be wrong. */
interface Unknown {
  readonly guess: number;
  readonly factor: number;
  /** Whether hosts of one class may differ in it. */
  readonly varies: boolean;
}

/** Guesses are round figures of the order of magnitude that the hardware suggests; classes begin without effect but one. */
const DECODE = {
  bandwidthShare: { guess: 0.65, factor: 1.5, varies: true },
  decodeSmall: { guess: 30e9, factor: 1.8, varies: true },
  decodeWide: { guess: 40e9, factor: 1.8, varies: true },
  attentionRate: { guess: 20e9, factor: 1.8, varies: true },
  maskSeconds: { guess: 250e-9, factor: 1.6, varies: true },
  layerSeconds: { guess: 200e-6, factor: 2.7, varies: true },
  tokenSeconds: { guess: 15e-6, factor: 2.7, varies: false },
  manyDies: { guess: 1, factor: 1.6, varies: false },
  sharedCores: { guess: 2, factor: 2, varies: false },
  /** Half the width. */
  narrowCores: { guess: 0.5, factor: 1.5, varies: false },
} as const satisfies Record<string, Unknown>;

const PREFILL = {
  prefillSmall: { guess: 50e9, factor: 1.8, varies: true },
  prefillWide: { guess: 50e9, factor: 1.8, varies: true },
  tokenSeconds: { guess: 50e-6, factor: 2.7, varies: false },
} as const satisfies Record<string, Unknown>;

/** By which factor hosts of one class differ from what is common to all. */
const HOST_FACTOR = 1.22;
/** What a guess weighs against one row of a host. Rows of a host err together, so many of them say little more. */
const GUESS_WEIGHT = 0.6;
/** Relative error from which on a row is an outlier. */
const OUTLIER = 0.2;

/**
 * Constants that make the predictions for these cells least wrong, by ratio. Every host may differ from the others in
 * some of them; what is returned is common to all, so the best guess for a host that is not among them. Hosts count
 * alike, however many rows they have. Takes about a second.
 */
export function fitConstants(cells: readonly MeasuredCell[]): CostConstants {
  const decode = solveFor(DECODE, cells, (cell, found) => {
    const constants = constantsFrom(found, { prefillSmall: 1, prefillWide: 1, tokenSeconds: 1 });
    return Math.log(predictCell(constants, cell).decode / cell.decode);
  });
  const prefill = solveFor(PREFILL, cells, (cell, found) =>
    Math.log(predictCell(constantsFrom(decode, found), cell).prefill / cell.prefill),
  );
  return constantsFrom(decode, prefill);
}

export function predictCell(
  constants: CostConstants,
  { host, model, split, load }: Cell,
): { prefill: number; decode: number } {
  return predictWith(constants, host, model, split, load);
}

type Found<Name extends string> = Readonly<Record<Name, number>>;

function constantsFrom(decode: Found<keyof typeof DECODE>, prefill: Found<keyof typeof PREFILL>): CostConstants {
  const { bandwidthShare, manyDies, attentionRate, maskSeconds, layerSeconds, sharedCores, narrowCores } = decode;
  return {
    bandwidthShare,
    manyDies,
    decodeRate: { small: decode.decodeSmall, wide: decode.decodeWide },
    prefillRate: { small: prefill.prefillSmall, wide: prefill.prefillWide },
    attentionRate,
    maskSeconds,
    tokenSeconds: { decode: decode.tokenSeconds, prefill: prefill.tokenSeconds },
    layerSeconds,
    sharedCores,
    narrowCores,
  };
}

/** Works on logarithms: everything is positive, and errors are ratios. */
function solveFor<Name extends string>(
  unknowns: Readonly<Record<Name, Unknown>>,
  cells: readonly MeasuredCell[],
  errorOf: (cell: MeasuredCell, found: Found<Name>) => number,
): Found<Name> {
  const names = Object.keys(unknowns) as Name[];
  const varying = names.filter((name) => unknowns[name].varies);
  const hosts = [...new Set(cells.map(({ hostName }) => hostName))];
  const weights = new Map(hosts.map((host) => [host, Math.sqrt(cells.length / hosts.length / rowsOf(cells, host))]));
  const foundIn = (parameters: readonly number[], host: number): Found<Name> => {
    const found = names.map((name, index): [Name, number] => {
      const own = varying.indexOf(name);
      const difference = host < 0 || own < 0 ? 0 : (parameters[names.length + host * varying.length + own] ?? 0);
      return [name, unknowns[name].guess * Math.exp((parameters[index] ?? 0) + difference)];
    });
    return Object.fromEntries(found) as Record<Name, number>;
  };
  const spreads = [
    ...names.map((name) => Math.log(unknowns[name].factor)),
    ...hosts.flatMap(() => varying.map(() => Math.log(HOST_FACTOR))),
  ];
  const parameters = leastSquares(
    (at) => {
      const found = hosts.map((_, index) => foundIn(at, index));
      const errors = cells.map((cell) => {
        const constants = found[hosts.indexOf(cell.hostName)];
        return constants === undefined ? 0 : (weights.get(cell.hostName) ?? 1) * errorOf(cell, constants);
      });
      return [...errors, ...spreads.map((spread, index) => (GUESS_WEIGHT * (at[index] ?? 0)) / spread)];
    },
    spreads.map(() => 0),
    OUTLIER,
  );
  return foundIn(parameters, -1);
}

function rowsOf(cells: readonly MeasuredCell[], host: string): number {
  return cells.filter(({ hostName }) => hostName === host).length;
}
