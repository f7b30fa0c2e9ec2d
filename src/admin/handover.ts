import { z } from "zod";

/** What a successor says to the process before it, once. */
const word = z.union([
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);

export type Word = z.output<typeof word>;

/** Null: it was not meant for us. */
export function readWord(message: unknown): Word | null {
  const result = word.safeParse(message);
  return result.success ? result.data : null;
}

/** How many listening sockets a process has got from the one before it. */
export const LISTEN_FDS = "CORRAL_LISTEN_FDS";
