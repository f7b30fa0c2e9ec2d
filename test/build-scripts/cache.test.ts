import { expect, test } from "vitest";
import { cacheDir } from "../../build-scripts/cache.ts";

test.each([
  [{ CORRAL_CACHE_DIR: "/a", XDG_CACHE_HOME: "/x", HOME: "/h" }, "linux", "/a"],
  [{ XDG_CACHE_HOME: "/x", HOME: "/h" }, "linux", "/x/corral"],
  [{ XDG_CACHE_HOME: "relative", HOME: "/h" }, "linux", "/h/.cache/corral"],
  [{ CORRAL_CACHE_DIR: "", XDG_CACHE_HOME: "", HOME: "/h" }, "linux", "/h/.cache/corral"],
  [{ HOME: "/h" }, "darwin", "/h/Library/Caches/corral"],
] as const)("%j on %s: %s", (env, platform, dir) => {
  expect(cacheDir(env, platform)).toBe(dir);
});

test("a relative $CORRAL_CACHE_DIR is taken from the current folder", () => {
  expect(cacheDir({ CORRAL_CACHE_DIR: "here" })).toBe(`${process.cwd()}/here`);
});
