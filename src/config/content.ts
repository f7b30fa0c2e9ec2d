import type { Path, Place, Places } from "./places.ts";

/** What a file's text says. */
export type Content =
  | { readonly kind: "read"; readonly value: unknown; readonly places: Places }
  | { readonly kind: "broken"; readonly why: string; readonly place: Place | null; readonly path?: Path };
