import { expect, test } from "vitest";
import { choose } from "../../src/admin/find.ts";

const alive = (path: string, pid: number) => ({ kind: "alive", path, pid, listen: ["http://127.0.0.1:8080"] }) as const;
const FOLDERS = ["/home/a/.local/state/corral", "/run/corral"];

test("the only one that lives is meant, whatever dead ones left", () => {
  const found = [{ kind: "dead", path: "/run/corral/admin.sock" }, alive("/a/admin-7.sock", 7)] as const;
  expect(choose(found, FOLDERS)).toBe("/a/admin-7.sock");
});

test("of several each is named with what tells them apart", () => {
  const found = [alive("/a/admin.sock", 6), alive("/a/admin-7.sock", 7)];
  expect(() => choose(found, FOLDERS)).toThrow(
    /Several .*\n {2}--admin \/a\/admin.sock {3}\(pid 6, http:.*\n {2}--admin \/a\/admin-7.sock {3}\(pid 7/,
  );
});

test("none: how to start one, or whose it is", () => {
  expect(() => choose([], FOLDERS)).toThrow(/start it with `corral serve`.*\/run\/corral/);
  expect(() => choose([{ kind: "dead", path: "/run/corral/admin.sock" }], FOLDERS)).toThrow(/No corral runs here/);
  expect(() => choose([{ kind: "not-ours", path: "/run/corral/admin.sock" }], FOLDERS)).toThrow(/another user.*root/);
});
