import { basename } from "node:path";

/** As llama-gguf-split names files: the engine finds the other parts by this name. */
export const PART_NAME = /^(?<stem>.+)-(?<part>\d{5})-of-(?<count>\d{5})\.gguf$/;

/** A file's name without its ending and part numbers: what a model is called that was given no name. */
export function modelName(path: string): string {
  return PART_NAME.exec(basename(path))?.groups?.stem ?? basename(path).replace(/\.(gguf|bin)$/i, "");
}
