import { expect, test } from "vitest";
import type { ListenAddress } from "../../src/config/listen.ts";
import { placesOf } from "../../src/gateway/places.ts";

const tcp: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 8080 };
const unix: ListenAddress = { kind: "unix", path: "/run/x.sock" };
const systemd: ListenAddress = { kind: "systemd" };
const held = (...descriptors: number[]) => descriptors.map((descriptor) => ({ kind: "held", descriptor }));
const left = (...paths: (string | null)[]) =>
  paths.map((path, index) => ({ kind: "left", descriptor: 3 + index, path }));

test.each([
  [[tcp, unix], {}, [tcp, unix]],
  [[systemd], { LISTEN_FDS: "2", LISTEN_PID: "7" }, held(3, 4)],
  [[unix, systemd], { LISTEN_FDS: "1", LISTEN_PID: "7" }, [unix, ...held(3)]],
  // Nobody asked for them.
  [[tcp], { LISTEN_FDS: "1", LISTEN_PID: "7" }, [tcp]],
  // An earlier corral's are all there is, whoever it was told of.
  [[tcp, unix], { CORRAL_LISTEN_FDS: "2" }, left(null, null)],
  [[systemd], { CORRAL_LISTEN_FDS: "1", LISTEN_FDS: "3", LISTEN_PID: "1" }, left(null)],
  // It has told how they are called, or what is no list of names.
  [
    [systemd],
    { CORRAL_LISTEN_FDS: "2", CORRAL_LISTEN_NAMES: '["http://127.0.0.1:8080","unix:/run/x.sock"]' },
    left(null, "/run/x.sock"),
  ],
  [[systemd], { CORRAL_LISTEN_FDS: "1", CORRAL_LISTEN_NAMES: "{" }, left(null)],
])("%j with %j", (addresses, env, places) => {
  expect(placesOf(addresses, env, 7)).toEqual(places);
});

test.each([{}, { LISTEN_FDS: "1", LISTEN_PID: "8" }, { LISTEN_FDS: "0", LISTEN_PID: "7" }, { LISTEN_FDS: "1" }])(
  "systemd's sockets are asked for, and %j has none for process 7",
  (env) => {
    expect(() => placesOf([systemd], env, 7)).toThrow(
      expect.objectContaining({ code: "CORRAL_BAD_OPTION", message: expect.stringContaining("corral.socket") }),
    );
  },
);
