import { expect, test } from "vitest";
import { createNotifier, systemdNotifier } from "../../src/service/notifier.ts";

test("says what sd_notify(3) asks for, one after the other", async () => {
  const sent: string[][] = [];
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const notifier = systemdNotifier(
    async (assignments) => {
      if (sent.length === 0) await held;
      sent.push([...assignments]);
    },
    { onFailure: () => {}, now: () => 1_234_567_890n },
  );
  notifier.extend(30_000);
  notifier.ready("1 of 1 model ready,\nREADY=0");
  notifier.reloading();
  notifier.status("all is well");
  notifier.watchdog();
  notifier.stopping();
  release();
  await notifier.told();
  expect(sent).toEqual([
    ["EXTEND_TIMEOUT_USEC=30000000"],
    ["READY=1", "STATUS=1 of 1 model ready, READY=0"],
    ["RELOADING=1", "MONOTONIC_USEC=1234567"],
    ["STATUS=all is well"],
    ["WATCHDOG=1"],
    ["STOPPING=1", "STATUS=stopping: running requests may finish"],
  ]);
});

test("goes on after one that failed, and tells of it", async () => {
  const failures: unknown[] = [];
  const sent: string[] = [];
  const notifier = systemdNotifier(
    async ([first = ""]) => {
      if (first === "WATCHDOG=1") throw new Error("no such program");
      sent.push(first);
    },
    { onFailure: (error) => failures.push(error), now: () => 0n },
  );
  notifier.watchdog();
  notifier.status("still here");
  await notifier.told();
  expect(failures).toEqual([new Error("no such program")]);
  expect(sent).toEqual(["STATUS=still here"]);
});

test("has nobody to tell where nobody listens", async () => {
  const failures: unknown[] = [];
  const notifier = createNotifier({ PATH: "/nowhere" }, (error) => failures.push(error));
  notifier.ready("ready");
  await notifier.told();
  expect(failures).toEqual([]);
});
