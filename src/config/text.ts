import { readFile } from "node:fs/promises";

export type Text =
  | { readonly kind: "text"; readonly text: string }
  /** The system's own word for it: ENOENT, EACCES... */
  | { readonly kind: "unreadable"; readonly why: string };

export async function readText(path: string): Promise<Text> {
  try {
    return { kind: "text", text: await readFile(path, "utf8") };
  } catch (error) {
    return { kind: "unreadable", why: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}
