import type { Logger } from "pino";
import { createNotifier } from "./notifier.ts";
import { type Observed, Observer } from "./observer.ts";
import { statusText } from "./status-text.ts";
import { feedInterval, keepFed } from "./watchdog.ts";

/** This process as the service that systemd started; where it did not, all of it does nothing. */
export interface Service {
  /** Serves: for the first time, or again after `reloading`. */
  ready(): void;
  reloading(): void;
  /** Resolves when that has been told. */
  stopping(): Promise<void>;
  /** Says nothing any more. */
  end(): void;
}

export interface ServiceSetup {
  /** The models that are there when it is asked. */
  readonly models: () => readonly Observed[];
  readonly log: Logger;
  /** Default process.env. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Milliseconds between two looks at whether there is something to tell. */
const STATUS_INTERVAL = 5_000;
/** Milliseconds that a start asks for again and again, while models load. */
const LOADING = 30_000;

/** Tells systemd from now on that it is loading, and that it is alive. */
export function joinService({ models, log, env = process.env }: ServiceSetup): Service {
  let isTold = false;
  const notifier = createNotifier(env, (error) => {
    if (!isTold) log.warn({ err: error }, "systemd can't be told how corral is: is systemd-notify installed?");
    isTold = true;
  });
  const text = (): string => statusText(models().map((model) => model.stats()));
  const interval = feedInterval(env, process.pid);
  const observer = new Observer();
  const stopFeeding =
    interval === null
      ? () => {}
      : keepFed({
          interval,
          notifier,
          observe: () => observer.observe(models()),
          onWedged: () => log.fatal("no model gets anywhere: systemd is no longer told that corral is alive"),
        });

  let state: "loading" | "ready" | "stopping" = "loading";
  let said = "";
  const look = (): void => {
    if (state === "loading") notifier.extend(LOADING);
    const now = text();
    if (now !== said && state !== "stopping") notifier.status(now);
    said = now;
  };
  const timer = setInterval(look, STATUS_INTERVAL);
  timer.unref();
  look();

  return {
    ready() {
      state = "ready";
      said = text();
      notifier.ready(said);
    },
    reloading: () => notifier.reloading(),
    stopping() {
      state = "stopping";
      notifier.stopping();
      return notifier.told();
    },
    end() {
      clearInterval(timer);
      stopFeeding();
    },
  };
}
