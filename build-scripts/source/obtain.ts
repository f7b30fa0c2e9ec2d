import { CorralError } from "../../src/errors.ts";
import type { SourcePin } from "./pin.ts";
import type { Source, SourceEvent } from "./source.ts";

export interface ObtainOptions {
  pin: SourcePin;
  /** A source tree that the user gives: then no other channel is tried. */
  folder?: string | undefined;
  /** Accept a tree with another hash. Default false. */
  unverified?: boolean | undefined;
  /** Where a downloaded tree goes: created or replaced atomically. A local tree is used where it lies. */
  into: string;
  report?: ((event: SourceEvent) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export async function obtainSource(_options: ObtainOptions): Promise<Source> {
  throw new CorralError("CORRAL_INTERNAL", "not written yet");
}
