import { parse, TomlError } from "smol-toml";
import type { Content } from "./content.ts";
import { type Path, Places } from "./places.ts";

export function readToml(text: string): Content {
  try {
    return { kind: "read", value: parse(text), places: tomlPlaces(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Below the first line it shows the file's own, where a secret may stand.
    const [why = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    return { kind: "broken", why, place: { line: error.line, column: error.column } };
  }
}

const KEY = String.raw`(?:[\w-]+|"[^"]*"|'[^']*')`;
const KEYS = String.raw`${KEY}(?:[ \t]*\.[ \t]*${KEY})*`;
const HEADER = new RegExp(String.raw`^[ \t]*\[[ \t]*(${KEYS})[ \t]*\][ \t]*(?:#.*)?$`);
const ASSIGNMENT = new RegExp(String.raw`^[ \t]*(${KEYS})[ \t]*=`);

/**
 * Where keys stand in a document that is right: those of table headers and at the beginnings of lines. Keys within an
 * inline table have its place. (The parser tells none.)
 */
function tomlPlaces(text: string): Places {
  const places = new Places();
  let table: Path = [];
  let open: Open = { depth: 0, quotes: null };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const add = (base: Path, keys: readonly string[]): void => {
      const place = { line: index + 1, column: line.search(/\S/) + 1 };
      for (const end of keys.keys()) places.add([...base, ...keys.slice(0, end + 1)], place);
    };
    if (open.depth === 0 && open.quotes === null) {
      const header = keysOf(HEADER.exec(line)?.[1]);
      if (header.length > 0) table = header;
      add([], header);
      add(table, keysOf(ASSIGNMENT.exec(line)?.[1]));
    }
    open = openAfter(line, open);
  }
  return places;
}

function keysOf(text = ""): string[] {
  return (text.match(new RegExp(KEY, "g")) ?? []).map((key) => key.replace(/^(["'])(.*)\1$/, "$2"));
}

/** What a line leaves open for the next: brackets, and the quotes of a text over several lines. */
interface Open {
  readonly depth: number;
  readonly quotes: string | null;
}

/** Texts, comments and brackets; a text of three quotes may go on in the next line. */
const TOKEN = /""".*?"""|'''.*?'''|""".*|'''.*|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[[\]{}]/g;

function openAfter(line: string, { depth, quotes }: Open): Open {
  const end = quotes === null ? 0 : line.indexOf(quotes);
  if (end < 0) return { depth, quotes };
  const rest = quotes === null ? line : line.slice(end + quotes.length);
  const tokens = rest.match(TOKEN) ?? [];
  const opened = tokens.filter((token) => token === "[" || token === "{").length;
  const closed = tokens.filter((token) => token === "]" || token === "}").length;
  const unfinished = tokens.find((token) => /^("""|''')(?!.*\1$)/.test(token));
  return { depth: depth + opened - closed, quotes: unfinished?.slice(0, 3) ?? null };
}
