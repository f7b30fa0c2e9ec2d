import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The folder that builds, sources and models are cached in; not created here. $CORRAL_CACHE_DIR, else corral's folder
 * in $XDG_CACHE_HOME, ~/Library/Caches (macOS) or ~/.cache. A relative $XDG_CACHE_HOME is ignored, as the XDG base
 * directory specification asks; a relative $CORRAL_CACHE_DIR is taken from the current folder.
 */
export function cacheDir(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.CORRAL_CACHE_DIR) return resolve(env.CORRAL_CACHE_DIR);
  const xdg = env.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, "corral");
  const home = env.HOME || homedir();
  return platform === "darwin" ? join(home, "Library", "Caches", "corral") : join(home, ".cache", "corral");
}
