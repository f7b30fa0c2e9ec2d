import type { LoadFigures } from "../../index.ts";
import { bars } from "../terminal/bars.ts";
import type { Colours } from "../terminal/colour.ts";
import { formatFigure, formatSeconds } from "../terminal/figure.ts";
import { table } from "../terminal/table.ts";
import type { BenchReport } from "./report.ts";
import { failureWords, headline } from "./words.ts";

export interface Terminal {
  readonly colours: Colours;
  /** In columns. */
  readonly width: number;
}

/** Bars wider than this are harder to compare, not easier. */
const WIDEST = 100;

const LEGEND = `PROMPT/S, ANSWER/S: tokens a second of all requests, both at the same time.
TTFT: seconds from a question to its first token, queue included.
ITL: milliseconds from one token to the next.`;

/** A report for people: what was measured, the figures, and their look. */
export function renderText(report: BenchReport, { colours, width }: Terminal): string {
  const { bold, dim, red, yellow } = colours;
  const { levels } = report;
  const title = (text: string, more: string): string => `${bold(text)} ${dim(more)}`;
  const most = Math.min(width, WIDEST);
  return [
    table(
      [{ title: "" }, { title: "" }],
      headline(report).map(([what, words]) => [dim(what), words]),
    ),
    figuresTable(levels, colours),
    dim(LEGEND),
    `${title("answer tokens a second", "by requests at once")}\n${bars(answerBars(levels), most)}`,
    `${title("time to first token", "█ half of the requests, ░ 9 of 10")}\n${bars(waitBars(levels), most)}`,
    ...failureWords(report).map((sentence) => `${red("!")} ${sentence}`),
    ...report.plan.warnings.map((sentence) => `${yellow("!")} ${sentence}`),
    ...(report.isPartial ? [yellow("It ended early: these are the levels that were measured in full.")] : []),
  ].join("\n\n");
}

function figuresTable(levels: readonly LoadFigures[], { red }: Colours): string {
  const titles = ["AT ONCE", "PROMPT/S", "ANSWER/S", "TTFT P50", "P90", "P99", "ITL P50", "P90", "P99", "FAIL"];
  return table(
    titles.map((title) => ({ title, align: "right" })),
    levels.map(({ concurrency, throughput, firstToken, perToken, failed }) => [
      `${concurrency}`,
      ...[throughput.prompt, throughput.answer].map(formatFigure),
      ...[firstToken.p50, firstToken.p90, firstToken.p99].map(formatFigure),
      ...[perToken.p50, perToken.p90, perToken.p99].map((seconds) => formatFigure(seconds * 1000)),
      failed === 0 ? "0" : red(`${failed}`),
    ]),
  );
}

function answerBars(levels: readonly LoadFigures[]): Parameters<typeof bars>[0] {
  return levels.map(({ concurrency, throughput: { answer } }) => ({
    label: `${concurrency}`,
    value: answer,
    text: formatFigure(answer),
  }));
}

function waitBars(levels: readonly LoadFigures[]): Parameters<typeof bars>[0] {
  return levels.map(({ concurrency, firstToken: { p50, p90 } }) => ({
    label: `${concurrency}`,
    value: p50,
    most: p90,
    text: `${formatSeconds(p50)}, ${formatSeconds(p90)}`,
  }));
}
