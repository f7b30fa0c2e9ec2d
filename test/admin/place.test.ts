import { expect, test } from "vitest";
import { adminFolder, isSocketName, searchedFolders, socketBeside } from "../../src/admin/place.ts";

const home = () => "/home/of-passwd";
const folder = (env: Record<string, string>, uid = 1000) => adminFolder(env, uid, home);

test("systemd's folder goes before all, then corral's own variable, then XDG's, then the home", () => {
  const all = {
    RUNTIME_DIRECTORY: "/run/corral",
    CORRAL_STATE_DIR: "/srv/state",
    XDG_STATE_HOME: "/x",
    HOME: "/home/a",
  };
  expect(folder(all)).toBe("/run/corral");
  expect(folder({ ...all, RUNTIME_DIRECTORY: "/run/one:/run/two" })).toBe("/run/one");
  expect(folder({ ...all, RUNTIME_DIRECTORY: "" })).toBe("/srv/state");
  expect(folder({ XDG_STATE_HOME: "/x", HOME: "/home/a" })).toBe("/x/corral");
  expect(folder({ XDG_STATE_HOME: "relative", HOME: "/home/a" })).toBe("/home/a/.local/state/corral");
  expect(folder({})).toBe("/home/of-passwd/.local/state/corral");
});

test("root without a home has it where system services have it", () => {
  expect(folder({}, 0)).toBe("/run/corral");
  expect(folder({ HOME: "/root" }, 0)).toBe("/root/.local/state/corral");
});

test("commands look in their own folder, and where services of the user and of the system are", () => {
  const env = { HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/1000" };
  expect(searchedFolders(env, 1000, home)).toEqual([
    "/home/a/.local/state/corral",
    "/run/user/1000/corral",
    "/run/corral",
  ]);
  expect(searchedFolders({ RUNTIME_DIRECTORY: "/run/corral" }, 0, home)).toEqual(["/run/corral"]);
});

test("a socket beside another one is told by its process", () => {
  expect(isSocketName("admin.sock")).toBe(true);
  expect(isSocketName(socketBeside(4711))).toBe(true);
  // While it is being made; no socket; somebody else's.
  for (const name of ["admin.sock.4711", "admin-.sock", "other.sock"]) expect(isSocketName(name)).toBe(false);
});
