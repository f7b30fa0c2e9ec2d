import type { LoadFigures, Percentiles } from "../../index.ts";
import { formatFigure, formatSeconds } from "../terminal/figure.ts";
import { type Chart, lineChart, type Series } from "./chart.ts";
import { escapeHtml } from "./escape.ts";
import type { BenchReport } from "./report.ts";
import { failureWords, headline } from "./words.ts";

/** A report as one HTML page that needs nothing else: no script, no font, no network; for light and dark screens. */
export function renderPage(report: BenchReport): string {
  const title = `${report.model.name}: corral bench`;
  const notes = [
    ...failureWords(report),
    ...report.plan.warnings,
    ...(report.isPartial ? ["It ended early: these are the levels that were measured in full."] : []),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escapeHtml(report.model.name)}</h1>
<dl>${headline(report)
    .map(([what, words]) => `<dt>${escapeHtml(what)}</dt><dd>${escapeHtml(words)}</dd>`)
    .join("\n")}
<dt>date</dt><dd>${escapeHtml(report.startedAt)}</dd></dl>
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join("\n")}
<div class="charts">
${chartsOf(report.levels).map(lineChart).join("\n")}
</div>
<div class="wide">${tableOf(report.levels)}</div>
<p class="small">Tokens a second are of all requests together, prompts and answers at the same time. Time to first token: from a question to the first piece of its
answer, queue included. Between tokens: over all answers. Requests are random tokens, none asked twice, so that no cache
answers.</p>
</main>
</html>
`;
}

function chartsOf(levels: readonly LoadFigures[]): Chart[] {
  const at = levels.map(({ concurrency }) => concurrency);
  const chart = (title: string, unit: string, series: readonly Series[]): Chart => ({
    title,
    unit,
    levels: at,
    series,
  });
  const seconds = levels.map(({ firstToken }) => firstToken);
  const gaps = levels.map(({ perToken }) => perToken);
  return [
    chart("Answers", "tokens/s", [{ name: "answer", values: levels.map(({ throughput }) => throughput.answer) }]),
    chart("Time to first token", "s", percentileSeries(seconds, 1)),
    chart("Prompts", "tokens/s", [{ name: "prompt", values: levels.map(({ throughput }) => throughput.prompt) }]),
    chart("Between tokens", "ms", percentileSeries(gaps, 1000)),
  ];
}

function percentileSeries(values: readonly Percentiles[], scale: number): Series[] {
  return (["p50", "p90", "p99"] as const).map((name) => ({ name, values: values.map((each) => each[name] * scale) }));
}

const TITLES = [
  ...["at once", "requests", "prompt tokens/s", "answer tokens/s"],
  ...["first token p50", "p90", "p99", "between tokens p50", "p90", "p99", "failed"],
];

function tableOf(levels: readonly LoadFigures[]): string {
  const cells = ({ concurrency, requests, throughput, firstToken, perToken, failed }: LoadFigures): string[] => [
    ...[`${concurrency}`, `${requests}`, formatFigure(throughput.prompt), formatFigure(throughput.answer)],
    ...[firstToken.p50, firstToken.p90, firstToken.p99].map(formatSeconds),
    ...[perToken.p50, perToken.p90, perToken.p99].map(formatSeconds),
    `${failed}`,
  ];
  const row = (tag: "th" | "td", texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
  return `<table>\n<thead>${row("th", TITLES)}</thead>\n<tbody>\n${levels.map((level) => row("td", cells(level))).join("\n")}\n</tbody></table>`;
}

const STYLE = `
:root { --ink: #1b1f24; --soft: #5a6470; --line: #d9dee4; --ground: #ffffff; --s0: #1f6feb; --s1: #b45309; --s2: #b4235a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #9aa5b1; --line: #333b45; --ground: #14181d; --s0: #6aa8ff; --s1: #f0a14a; --s2: #ff7aa8; }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 24px; margin: 0 0 12px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 0 16px; }
dt, .small, figcaption span { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.note { border-left: 3px solid var(--s1); padding-left: 10px; margin: 8px 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 20px; margin: 20px 0; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: 4px; }
figcaption span { font-weight: 400; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--soft); }
.grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.s0 polyline { stroke: var(--s0); } .s1 polyline { stroke: var(--s1); } .s2 polyline { stroke: var(--s2); }
.s0 circle, svg .t0 { fill: var(--s0); } .s1 circle, svg .t1 { fill: var(--s1); } .s2 circle, svg .t2 { fill: var(--s2); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom; }
.small { font-size: 13px; }
`;
