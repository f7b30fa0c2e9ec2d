import { readFileSync } from "node:fs";

/** Of package.json, two folders up from the sources and three from dist/. */
export function version(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version: own } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (name === "corral") return own;
    } catch {}
  }
  return "unknown";
}
