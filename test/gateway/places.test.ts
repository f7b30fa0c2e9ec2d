import { expect, test } from "vitest";
import type { ListenAddress } from "../../src/config/listen.ts";
import { placesOf } from "../../src/gateway/places.ts";

const tcp: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 8080 };
const unix: ListenAddress = { kind: "unix", path: "/run/x.sock" };
const systemd: ListenAddress = { kind: "systemd" };
const inherited = (...descriptors: number[]) => descriptors.map((descriptor) => ({ kind: "inherited", descriptor }));

test.each([
  [[tcp, unix], {}, [tcp, unix]],
  [[systemd], { LISTEN_FDS: "2", LISTEN_PID: "7" }, inherited(3, 4)],
  [[unix, systemd], { LISTEN_FDS: "1", LISTEN_PID: "7" }, [unix, ...inherited(3)]],
  // Nobody asked for them.
  [[tcp], { LISTEN_FDS: "1", LISTEN_PID: "7" }, [tcp]],
  // An earlier corral's are all there is, whoever it was told of.
  [[tcp, unix], { CORRAL_LISTEN_FDS: "2" }, inherited(3, 4)],
  [[systemd], { CORRAL_LISTEN_FDS: "1", LISTEN_FDS: "3", LISTEN_PID: "1" }, inherited(3)],
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
