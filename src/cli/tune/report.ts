import type { TuneComparison, TuneReport } from "../../index.ts";
import type { Colours } from "../terminal/colour.ts";
import { table } from "../terminal/table.ts";

/** The result for people: the plan without tuning against the best, and what to do next. Pure. */
export function renderReport(report: TuneReport, { model, colours }: { model: string; colours: Colours }): string {
  const { tuned, names, comparisons, warnings, plan } = report;
  const { bold, yellow } = colours;
  const notes = warnings.map((warning) => `${yellow("!")} ${warning}`);
  if (tuned === null) return [...notes, `Nothing was compared yet. To go on: corral tune ${model}`].join("\n");
  const same = names.tuned === names.untuned;
  return [
    ...(notes.length > 0 ? [notes.join("\n")] : []),
    `${bold(plan.model.name)}, goal ${tuned.goal}, ${tuned.concurrency} at once; ${tuned.tried} candidates measured${
      tuned.robust ? ", with and without a busy neighbour" : ""
    }`,
    table(
      [{ title: "" }, { title: "" }],
      [
        ["without tuning", names.untuned],
        [bold("best"), same ? "the same: nothing measured better" : names.tuned],
      ],
    ),
    comparisonTable(comparisons, bold),
    nextStep(report, model),
  ].join("\n\n");
}

function comparisonTable(comparisons: readonly TuneComparison[], bold: (text: string) => string): string {
  const right = (title: string) => ({ title, align: "right" as const });
  return table(
    [
      right("AT ONCE"),
      { title: "NEIGHBOUR" },
      right("DECODE tok/s"),
      right("TUNED"),
      right(""),
      right("FIRST TOKEN s"),
      right("TUNED"),
      right(""),
    ],
    comparisons.map(({ concurrency, isNoisy, untuned, tuned }) => [
      `${concurrency}`,
      isNoisy ? "busy" : "quiet",
      figure(untuned.decode),
      figure(tuned.decode),
      bold(`${figure(tuned.decode / untuned.decode)}x`),
      figure(untuned.firstToken),
      figure(tuned.firstToken),
      bold(`${figure(untuned.firstToken / tuned.firstToken)}x`),
    ]),
  );
}

function nextStep({ isComplete, wasInterrupted, file }: TuneReport, model: string): string {
  const use = `Stored in ${file}. corral serve ${model} uses it; corral plan ${model} shows it.`;
  if (isComplete) return use;
  const why = wasInterrupted ? "Interrupted" : "The budget ended";
  return `${use}\n${why} before everything was tried: corral tune ${model} with the same flags goes on from here.`;
}

/** Three digits. */
function figure(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
