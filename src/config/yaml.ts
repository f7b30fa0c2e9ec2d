import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Content } from "./content.ts";
import { keyText, type Path, type Place, Places } from "./places.ts";

/** YAML, and JSON, which is YAML. Anchors and merge keys (`<<`) are understood. */
export function readYaml(text: string): Content {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true });
  const [error] = document.errors;
  if (error !== undefined) return { kind: "broken", why: withoutContent(error.message), place: placeAt(error.pos[0]) };

  const places = new Places();
  const twice: { path: Path; place: Place; before: Place }[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) enter(item, [...path, index], item);
    if (isMap(node)) for (const { key, value } of node.items) enter(key, [...path, nameOf(key)], value);
  };
  const enter = (at: unknown, path: Path, value: unknown): void => {
    const place = placeAt(startOf(at));
    const before = places.add(path, place);
    if (before !== undefined) twice.push({ path, place, before });
    walk(value, path);
  };
  walk(document.contents, []);
  const second = twice[0];
  if (second !== undefined) {
    const { path, place, before } = second;
    return { kind: "broken", why: `"${keyText(path)}" is there twice, before at line ${before.line}`, place, path };
  }
  try {
    return { kind: "read", value: document.toJS(), places };
  } catch (error) {
    // An alias without its anchor, or too many of them.
    return { kind: "broken", why: error instanceof Error ? error.message : String(error), place: null };
  }
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value ?? "") : "";
}

function startOf(node: unknown): number {
  return (node as { range?: [number, number, number] } | null)?.range?.[0] ?? 0;
}

/** What the parser quotes of the file may be a secret. */
function withoutContent(message: string): string {
  return message.replace(/:? ".*"$/s, "");
}
