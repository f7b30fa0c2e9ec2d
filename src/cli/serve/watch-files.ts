import { type StatsListener, unwatchFile, watchFile } from "node:fs";

/** Milliseconds. Stat is asked, not the kernel: files that are replaced by others, or by links to others, are seen, too. */
const INTERVAL = 1_000;

/**
 * Calls back when one of the files has changed. Which there are is asked again after each change.
 * @returns ends it
 */
export function watchFiles(files: () => readonly string[], changed: () => void): () => void {
  const watched = new Set<string>();
  const listener: StatsListener = (now, before) => {
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size) return;
    changed();
    follow();
  };
  const follow = (): void => {
    for (const file of files()) {
      if (watched.has(file)) continue;
      watched.add(file);
      watchFile(file, { interval: INTERVAL, persistent: false }, listener);
    }
  };
  follow();
  return () => {
    for (const file of watched) unwatchFile(file, listener);
  };
}
