import type { Figures } from "./goal.ts";

/** "1 worker", "2 workers". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** "1.5 GiB", "340 MiB". */
export function sized(bytes: number): string {
  return bytes < 1024 ** 3 ? `${Math.ceil(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** Two digits: predictions are no better than that. */
export function rounded(value: number): string {
  return `${Number(value.toPrecision(2))}`;
}

/** "95 tok/s, first token after 0.51 s, then one each 42 ms". */
export function described({ decode, firstToken, perToken }: Figures): string {
  return `${rounded(decode)} tok/s, first token after ${rounded(firstToken)} s, then one each ${rounded(perToken * 1000)} ms`;
}
