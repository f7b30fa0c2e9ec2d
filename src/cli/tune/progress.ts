import { SingleBar } from "cli-progress";
import type { TuneEvent } from "../../index.ts";
import { table } from "../terminal/table.ts";

export interface TuneProgress {
  report(event: TuneEvent): void;
  /** Takes the bar away. Idempotent. */
  end(): void;
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
type Board = Extract<TuneEvent, { kind: "question" }>["board"];

/** Standings that a person wants to see. */
const SHOWN = 5;

/** A bar over the budget with the best so far above it on a terminal, a line for each measurement elsewhere. */
export function tuneReporter(stream: Stream): TuneProgress {
  return stream.isTTY === true ? onTerminal(stream) : inLines(stream);
}

function onTerminal(stream: Stream): TuneProgress {
  let bar: SingleBar | null = null;
  const end = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    end,
    report(event) {
      if (event.kind === "sample") {
        const { spent, budget, tried } = event.progress;
        const state = { tried, name: event.name, times: ratioText(event.standing.ratio) };
        if (bar === null) {
          const format = "tuning [{bar}] {value}/{total} s, {tried} tried; {name}: {times}";
          bar = new SingleBar({
            stream,
            format,
            barsize: 24,
            hideCursor: true,
            clearOnComplete: true,
            stopOnComplete: false,
          });
          bar.start(Math.round(budget), Math.round(spent), state);
        } else bar.update(Math.min(Math.round(spent), Math.round(budget)), state);
        return;
      }
      end();
      for (const line of linesFor(event)) stream.write(`${line}\n`);
    },
  };
}

function inLines(stream: Stream): TuneProgress {
  return {
    end() {},
    report(event) {
      for (const line of linesFor(event)) stream.write(`${line}\n`);
    },
  };
}

/** Pure. */
export function linesFor(event: TuneEvent): string[] {
  switch (event.kind) {
    case "begin":
      return beginning(event);
    case "question":
      return [...(event.board.length > 1 ? [boardTable(event.board)] : []), `next: ${event.about}`];
    case "sample": {
      const { spent, budget } = event.progress;
      return [`${spent.toFixed(0)} of ${budget.toFixed(0)} s: ${event.name}: ${ratioText(event.standing.ratio)}`];
    }
    case "waiting":
      return [event.text];
    case "warning":
      return [`warning: ${event.text}`];
  }
}

function beginning({ plan, method, kept }: Extract<TuneEvent, { kind: "begin" }>): string[] {
  const { levels, tokens, robust } = method;
  return [
    `tuning ${plan.model.name} for ${plan.goal}: ${levels.join(", ")} at once, ${tokens.prompt} prompt and ${tokens.answer} answer tokens${
      robust ? ", with and without a busy neighbour" : ""
    }`,
    ...(kept > 0 ? [`${kept} measurements of an earlier run are kept`] : []),
  ];
}

function boardTable(board: Board): string {
  return table(
    [{ title: "BEST SO FAR" }, { title: "SCORE", align: "right" }, { title: "RUNS", align: "right" }],
    board
      .slice(0, SHOWN)
      .map(({ name, ratio, samples, isBest }) => [`${isBest ? "*" : " "} ${name}`, ratioText(ratio), `${samples}`]),
  );
}

function ratioText(ratio: number): string {
  if (!Number.isFinite(ratio)) return "measured";
  return ratio === 0 ? "can't run here, or far too slow" : `${ratio.toFixed(2)}x`;
}
