/** Differences to be made small, for some parameters. */
export type Residuals = (parameters: readonly number[]) => readonly number[];

const STEP = 1e-5;
const ITERATIONS = 60;
const GOOD_ENOUGH = 1e-6;

/**
 * Levenberg and Marquardt's least squares. Deterministic. A residual counts by its square up to about `scale`, and
 * linearly beyond, so that an outlier does not bend the rest.
 */
export function leastSquares(residualsOf: Residuals, start: readonly number[], scale: number): number[] {
  let at = [...start];
  let residuals = residualsOf(at);
  let cost = costOf(residuals, scale);
  let damping = 1e-2;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { matrix, slope } = normalEquations(residualsOf, at, residuals, scale);
    let gained = 0;
    while (gained === 0 && damping < 1e9) {
      const damped = matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) + 1e-12 : value)));
      const move = solve(damped, slope);
      const next = at.map((value, i) => value - (move[i] ?? 0));
      const nextResiduals = residualsOf(next);
      const nextCost = costOf(nextResiduals, scale);
      if (nextCost < cost) {
        gained = cost - nextCost;
        [at, residuals, cost] = [next, nextResiduals, nextCost];
        damping /= 4;
      } else damping *= 4;
    }
    if (gained < GOOD_ENOUGH * cost) break;
  }
  return at;
}

/** Sum of 2 scale^2 (sqrt(1 + (r / scale)^2) - 1), which is r^2 for small r. */
function costOf(residuals: readonly number[], scale: number): number {
  return residuals.reduce((sum, r) => sum + 2 * scale ** 2 * (Math.sqrt(1 + (r / scale) ** 2) - 1), 0);
}

/** Of the squares, each weighted by how much its residual still counts. */
function normalEquations(
  residualsOf: Residuals,
  at: readonly number[],
  residuals: readonly number[],
  scale: number,
): { matrix: number[][]; slope: number[] } {
  const columns = at.map((_, i) => {
    const moved = residualsOf(at.map((value, j) => (i === j ? value + STEP : value)));
    return residuals.map((r, row) => ((moved[row] ?? 0) - r) / STEP);
  });
  const weights = residuals.map((r) => 1 / Math.sqrt(1 + (r / scale) ** 2));
  const product = (a: readonly number[], b: readonly number[]) =>
    weights.reduce((sum, weight, row) => sum + weight * (a[row] ?? 0) * (b[row] ?? 0), 0);
  const matrix = columns.map((a) => columns.map((b) => product(a, b)));
  return { matrix, slope: columns.map((column) => product(column, residuals)) };
}

/** Gaussian elimination with row exchange. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const cell = (i: number, j: number) => rows[i]?.[j] ?? 0;
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) if (Math.abs(cell(i, column)) > Math.abs(cell(pivot, column))) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot] ?? [], rows[column] ?? []];
    for (let i = column + 1; i < size; i++) {
      const factor = cell(i, column) / cell(column, column);
      rows[i] = (rows[i] ?? []).map((value, j) => value - factor * cell(column, j));
    }
  }
  const result = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    const known = result.reduce((sum, value, j) => (j > i ? sum + cell(i, j) * value : sum), 0);
    result[i] = (cell(i, size) - known) / cell(i, i);
  }
  return result;
}
