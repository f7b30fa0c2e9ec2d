import { SingleBar } from "cli-progress";
import type { BuildEvent, BuildStage } from "./options.ts";

/** What is written to: process.stderr, or a test's stream. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };

/** Shows a build to a person: a bar with steps and time left on a terminal, plain lines elsewhere. */
export function progressReporter(stream: ProgressStream): (event: BuildEvent) => void {
  return stream.isTTY === true ? onTerminal(stream) : inLines(stream);
}

const STAGE_NAMES: Readonly<Record<BuildStage, string>> = {
  source: "source",
  configure: "configuring",
  compile: "compiling",
  prove: "proving",
};

function onTerminal(stream: ProgressStream): (event: BuildEvent) => void {
  let bar: { readonly stage: string; readonly total: number; readonly bar: SingleBar } | null = null;
  const endBar = (): void => {
    bar?.bar.stop();
    bar = null;
  };
  const draw = (stage: string, done: number, total: number, left: string): void => {
    if (bar !== null && (bar.stage !== stage || bar.total !== total)) endBar();
    if (bar === null) {
      const format = `${stage} [{bar}] {value}/{total}{left}`;
      const options = { stream, format, barsize: 30, hideCursor: true, clearOnComplete: true, stopOnComplete: false };
      bar = { stage, total, bar: new SingleBar(options) };
      bar.bar.start(total, done, { left });
    } else bar.bar.update(done, { left });
  };
  return (event) => {
    if (event.kind === "progress") {
      draw(STAGE_NAMES[event.stage], event.done, event.total, timeLeft(event.secondsLeft));
    } else if (event.kind === "source-bytes") {
      if (event.total !== null) draw("fetching (KiB)", kib(event.bytes), kib(event.total), "");
    } else if (event.kind === "converting") {
      draw("converting (KiB)", kib(event.bytes), kib(event.total), "");
    } else {
      endBar();
      const line = lineFor(event);
      if (line !== null) stream.write(`${line}\n`);
    }
  };
}

function inLines(stream: ProgressStream): (event: BuildEvent) => void {
  /** Tenths of the running stage that have been told. */
  let told = { stage: "", tenth: 0 };
  return (event) => {
    if (event.kind === "progress") {
      const tenth = Math.floor((10 * event.done) / event.total);
      if (told.stage !== event.stage || tenth < told.tenth) told = { stage: event.stage, tenth: 0 };
      if (tenth === told.tenth) return;
      told = { stage: event.stage, tenth };
      const left = timeLeft(event.secondsLeft);
      stream.write(`${STAGE_NAMES[event.stage]}: ${event.done} of ${event.total}${left}\n`);
      return;
    }
    told = { stage: "", tenth: 0 };
    const line = lineFor(event);
    if (line !== null) stream.write(`${line}\n`);
  };
}

/** Null for what only moves a bar. Pure. */
function lineFor(event: BuildEvent): string | null {
  switch (event.kind) {
    case "source-try":
      return `source: trying ${event.channel} (${event.detail})`;
    case "source-miss":
      return `source: not by ${event.channel}: ${event.reason}`;
    case "source-ready": {
      const { channel, detail, verified } = event.source;
      return `source: ${channel} (${detail}), ${verified ? "tree verified" : "NOT VERIFIED"}`;
    }
    case "waiting":
    case "stage":
      return event.text;
    case "warning":
      return `warning: ${event.text}`;
    case "done":
      return `built and proven in ${duration(event.seconds)}: ${event.dir}`;
    case "converted":
      return `converted: ${event.path}`;
    case "progress":
    case "source-bytes":
    case "converting":
      return null;
  }
}

function timeLeft(seconds: number | null): string {
  return seconds === null ? "" : `, ${duration(seconds)} left`;
}

/** 75 -> "1 min 15 s". */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes === 0 ? `${rest} s` : `${minutes} min ${rest} s`;
}

function kib(bytes: number): number {
  return Math.round(bytes / 1024);
}
