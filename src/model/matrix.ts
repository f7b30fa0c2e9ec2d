/** A matrix of weights of which most are zero: kept as its few entries, made whole a band of rows at a time. */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly #entries = new Map<number, number>();

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
  }

  set(row: number, column: number, value: number): void {
    if (row < 0 || row >= this.rows || column < 0 || column >= this.columns) {
      throw new RangeError(`(${row}, ${column}) is outside of a ${this.rows} x ${this.columns} matrix`);
    }
    this.#entries.set(row * this.columns + column, value);
  }

  /** All weights in single precision, row after row, in bands of whole rows. The array is reused for the next band. */
  *bands(rowsPerBand = 64): Generator<Float32Array> {
    const entries = [...this.#entries].sort(([one], [other]) => one - other);
    const band = new Float32Array(rowsPerBand * this.columns);
    let next = 0;
    for (let row = 0; row < this.rows; row += rowsPerBand) {
      const start = row * this.columns;
      const end = Math.min(row + rowsPerBand, this.rows) * this.columns;
      band.fill(0);
      for (let entry = entries[next]; entry !== undefined && entry[0] < end; entry = entries[++next]) {
        band[entry[0] - start] = entry[1];
      }
      yield band.subarray(0, end - start);
    }
  }
}
