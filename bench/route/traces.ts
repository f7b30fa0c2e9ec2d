/** A request of a public trace, as it was. */
export interface TraceRow {
  /** Seconds. */
  readonly at: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** What the prompt consists of: blocks with the same number hold the same text. Empty where the trace does not tell. */
  readonly blocks: readonly number[];
  readonly blockTokens: number;
}

const BLOCK = 512;

/** `arrival_s,input_tokens,output_tokens`, as bench/data/azure-2023-conv.csv. */
export function parseLengths(csv: string): TraceRow[] {
  return linesOf(csv, "arrival_s,input_tokens,output_tokens").map((fields, index) => {
    const [at, promptTokens, answerTokens] = fields.map((field) => numberFrom(field, index));
    return rowOf({ at, promptTokens, answerTokens, blocks: [] }, index);
  });
}

/** `arrival_ms,input_tokens,output_tokens,blocks` with blocks as "0 14-27", as bench/data/mooncake-conversation.csv. */
export function parseBlocks(csv: string): TraceRow[] {
  return linesOf(csv, "arrival_ms,input_tokens,output_tokens,blocks").map(([ms, prompt, answer, runs = ""], index) => {
    const [at, promptTokens, answerTokens] = [ms, prompt, answer].map((field) => numberFrom(field, index));
    const blocks = runs.split(" ").flatMap((run) => numbersIn(run, index));
    return rowOf({ at: at === undefined ? at : at / 1_000, promptTokens, answerTokens, blocks }, index);
  });
}

function linesOf(csv: string, columns: string): string[][] {
  const [header, ...lines] = csv.trimEnd().split(/\r?\n/);
  if (header !== columns) throw new Error(`The trace's columns are ${header}; they must be ${columns}.`);
  return lines.map((line) => line.split(","));
}

/** "3-5" -> [3, 4, 5] */
function numbersIn(run: string, index: number): number[] {
  const [first = Number.NaN, last = first] = run.split("-").map((text) => numberFrom(text, index));
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}

function numberFrom(text: string | undefined, index: number): number {
  const value = Number(text);
  if (text === undefined || text === "" || !(value >= 0))
    throw new Error(`Line ${index + 2} of the trace: "${text ?? ""}" is no number.`);
  return value;
}

type Fields = { [key in "at" | "promptTokens" | "answerTokens"]: number | undefined } & Pick<TraceRow, "blocks">;

function rowOf({ at, promptTokens, answerTokens, blocks }: Fields, index: number): TraceRow {
  if (at === undefined || promptTokens === undefined || answerTokens === undefined)
    throw new Error(`Line ${index + 2} of the trace has too few fields.`);
  return { at, promptTokens, answerTokens, blocks, blockTokens: BLOCK };
}
