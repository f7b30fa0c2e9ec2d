import { expect, test } from "vitest";
import { readWord } from "../../src/admin/handover.ts";
import { refuseWhereHeld } from "../../src/admin/successor.ts";

test("who holds the sockets or the container is asked instead", () => {
  expect(() => refuseWhereHeld({ NOTIFY_SOCKET: "/run/systemd/notify" }, 100)).toThrow(/systemctl restart/);
  expect(() => refuseWhereHeld({}, 1)).toThrow(/container/);
  expect(() => refuseWhereHeld({ NOTIFY_SOCKET: "" }, 100)).not.toThrow();
});

test("only the words of a successor are heard", () => {
  expect(readWord({ kind: "ready" })).toEqual({ kind: "ready" });
  expect(readWord({ kind: "failed", code: "CORRAL_DOES_NOT_FIT", message: "no" })).toMatchObject({ message: "no" });
  for (const other of ["ready", null, {}, { kind: "other" }, { kind: "failed" }]) expect(readWord(other)).toBeNull();
});
