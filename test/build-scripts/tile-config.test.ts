import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { findToolchain } from "../../build-scripts/toolchain.ts";

const { cxx } = await findToolchain();

const header = (name: string): string => fileURLToPath(new URL(`../../build-scripts/${name}`, import.meta.url));

/** Fills a tile configuration and loads it: what the optimiser believes to be read, it must have written. */
const LOADS_TILES = `
#include <immintrin.h>
#include <string.h>
struct config { unsigned char palette, start, reserved[14]; unsigned short columns[16]; unsigned char rows[16]; };
void load(void) {
  struct config c;
  memset(&c, 0, sizeof c);
  c.palette = 1;
  for (int i = 0; i < 8; i++) { c.columns[i] = 64; c.rows[i] = 16; }
  _tile_loadconfig(&c);
}`;

async function compile(code: string, ...args: string[]) {
  return execa(cxx.path, ["-x", "c++", "-O3", "-Wall", "-Wextra", "-Werror", ...args, "-S", "-o", "-", "-"], {
    input: code,
  });
}

describe("the mended tile configuration", () => {
  it("keeps the stores that GCC up to 12 drops: all 64 bytes are written before they are loaded", async () => {
    const { target } = cxx;
    // Elsewhere the compiler has no AMX: then the header must be nothing at all.
    const [code, flags] = target.startsWith("x86_64") ? [LOADS_TILES, ["-mamx-tile"]] : ["int nothing;", []];
    const { stdout } = await compile(code, ...flags, "-include", header("tile-config.h"));
    if (!target.startsWith("x86_64")) {
      expect(stdout).not.toMatch(/ldtilecfg/);
      return;
    }
    const body = stdout.slice(stdout.indexOf("load"), stdout.indexOf("ldtilecfg"));
    const stored = [...body.matchAll(/\bv?mov(ups|aps|dqu|dqa|dqu8|dqa64|q|l|w|b)\s+[^,]+,\s*-?\d*\(%r[sb]p\)/g)];
    const widths: Record<string, number> = { q: 8, l: 4, w: 2, b: 1 };
    const bytes = stored.reduce((sum, [, kind = ""]) => sum + (widths[kind] ?? 16), 0);
    expect(bytes).toBeGreaterThanOrEqual(64);
  });

  it.each(["tile-config.h", "single-precision.h"])(
    "%s does nothing where its feature is not compiled for",
    async (name) => {
      for (const language of ["c", "c++"]) {
        const args = ["-x", language, "-Wall", "-Wextra", "-Werror", "-include", header(name), "-E", "-P", "-"];
        const { stdout } = await execa(cxx.path, args, { input: "int nothing;" });
        expect(stdout.trim()).toBe("int nothing;");
      }
    },
  );
});
