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

/** A listening socket, and what it is called: "http://127.0.0.1:8080", "unix:/run/corral/http.sock". */
export interface ListeningSocket {
  readonly descriptor: number;
  readonly name: string;
}

/** The variable by which a successor knows that it is one; the gateway reads it and the other one. */
export const LISTEN_FDS = "CORRAL_LISTEN_FDS";

/** What a successor finds in its environment about its sockets: how many there are, from descriptor 3 on, and their names. */
export function handedOver(sockets: readonly ListeningSocket[]): Readonly<Record<string, string>> {
  return { [LISTEN_FDS]: `${sockets.length}`, CORRAL_LISTEN_NAMES: JSON.stringify(sockets.map(({ name }) => name)) };
}
