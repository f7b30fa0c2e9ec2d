import { expect, test } from "vitest";
import type { ListenAddress } from "../../src/config/listen.ts";
import { holdBack, holdTime } from "../../src/service/hold.ts";

const tcp: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 8080 };
const systemd: ListenAddress = { kind: "systemd" };

test.each([
  [[tcp], {}, null],
  [[tcp, systemd], {}, 20_000],
  [[tcp], { CORRAL_LISTEN_FDS: "1" }, "until ready"],
  [[systemd], { CORRAL_LISTEN_FDS: "1" }, "until ready"],
])("%j with %j: %s", (addresses, env, time) => {
  expect(holdTime(addresses, env)).toBe(time);
});

test.each([
  [[systemd], {}],
  [[tcp], { CORRAL_LISTEN_FDS: "1" }],
])("%j %j: takes connections when it is ready", async (addresses, env) => {
  let isReady = false;
  const ready = new Promise<void>((resolve) => {
    setImmediate(() => {
      isReady = true;
      resolve();
    });
  });
  await holdBack(addresses, ready, env);
  expect(isReady).toBe(true);
});

test("what can't be loaded is told before anybody is let in", async () => {
  await expect(holdBack([systemd], Promise.reject(new Error("no model")), {})).rejects.toThrow("no model");
});

test("addresses of its own are open at once", async () => {
  await expect(holdBack([tcp], new Promise(() => {}), {})).resolves.toBeUndefined();
});
