import { describe, expect, test } from "vitest";
import { hurdle, type Sight, shownFor } from "../../src/service/reach.ts";

const root = { isFolder: true, mode: 0o755, uid: 0, gid: 0 };
const nobody = { uid: null, gids: [] };

function sight(path: string, more: { mode?: number; isFolder?: boolean; above?: Record<string, number> } = {}): Sight {
  const { mode = 0o644, isFolder = false, above = {} } = more;
  const folders = path.split("/").slice(1, -1);
  const paths = ["/", ...folders.map((_, index) => `/${folders.slice(0, index + 1).join("/")}`)];
  return {
    path,
    self: { isFolder, mode, uid: 0, gid: 0 },
    above: paths.map((each) => ({ ...root, path: each, mode: above[each] ?? 0o755 })),
  };
}

test.each([
  ["/srv/models/a.gguf", null],
  ["/homestead/a.gguf", null],
  ["/home/ann/models/a.gguf", "/home/ann/models"],
  ["/home/ann/a.gguf", "/home/ann/a.gguf"],
  ["/root/a.gguf", "/root/a.gguf"],
  ["/tmp/x/a.gguf", "/tmp/x"],
])("%s is shown by %s", (path, shown) => {
  expect(shownFor(sight(path))).toBe(shown);
});

test("a folder is shown itself", () => {
  expect(shownFor(sight("/root/corral", { isFolder: true }))).toBe("/root/corral");
});

describe("what is in the way of the service's user", () => {
  test("nothing, where others may read and enter", () => {
    expect(hurdle(sight("/srv/a.gguf"), nobody)).toBeNull();
  });

  test("a file for its owner alone, with what to do", () => {
    expect(hurdle(sight("/srv/a.gguf", { mode: 0o600 }), nobody)).toMatch(
      /can't read \/srv\/a\.gguf \(mode 0600\).*chmod o\+r \/srv\/a\.gguf.*--run-as/,
    );
  });

  test("a folder that is shut, unless the file is mounted past it", () => {
    expect(hurdle(sight("/srv/x/a.gguf", { above: { "/srv/x": 0o750 } }), nobody)).toMatch(/chmod o\+x \/srv\/x/);
    expect(hurdle(sight("/root/models/a.gguf", { above: { "/root": 0o700 } }), nobody)).toBeNull();
    expect(hurdle(sight("/root/models/a.gguf", { above: { "/root/models": 0o700 } }), nobody)).toMatch(
      /can't enter \/root\/models/,
    );
    expect(hurdle(sight("/home/ann/a.gguf", { above: { "/home/ann": 0o700 } }), nobody)).toBeNull();
  });

  test("a folder to read that may only be entered", () => {
    expect(hurdle(sight("/opt/corral", { isFolder: true, mode: 0o711 }), nobody)).toMatch(/chmod o\+rx/);
  });

  test.each([
    [{ uid: 0, gids: [] }, 0o000, true],
    [{ uid: 5, gids: [] }, 0o604, true],
    [{ uid: 5, gids: [0] }, 0o640, true],
    [{ uid: 5, gids: [0] }, 0o604, false],
  ])("%j and a file of mode %o: may read %s", (reader, mode, may) => {
    expect(hurdle(sight("/srv/a", { mode }), reader) === null).toBe(may);
  });
});
