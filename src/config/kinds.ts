import { z } from "zod";

/** Left to corral: the option's description says what it does then. */
export const auto = z.literal("auto");
export const count = z.number().int().positive();
export const milliseconds = z.number().int().nonnegative().meta({ title: "milliseconds" });
export const someMilliseconds = z.number().int().positive().meta({ title: "milliseconds" });

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB"] as const;
const SIZE = new RegExp(`^([0-9]+(?:\\.[0-9]+)?) ?(${UNITS.join("|")})?$`);

/** A number of bytes, or a text like "512MiB" or "1.5 GB", which becomes one. */
export const bytes = z
  .union([count, z.string().regex(SIZE, { error: 'a number of bytes or a size like "512MiB"' })])
  .transform((size) => (typeof size === "number" ? size : bytesOf(size)))
  .pipe(count)
  .meta({ title: "bytes" });

function bytesOf(text: string): number {
  const [, amount = "", unit = "B"] = SIZE.exec(text) ?? [];
  const step = unit.endsWith("iB") ? 1024 : 1000;
  const power = "BKMGT".indexOf(unit.charAt(0).toUpperCase());
  return Math.floor(Number(amount) * step ** power);
}
