import { FRONT_PLACES, GROUPS, type Group } from "./file-options.ts";
import { nearest } from "./nearest.ts";
import { keyText, type Path } from "./places.ts";

/** Of a key in a file that no option has: what was meant, as far as one can guess. */
export function unknownKeyText(path: Path): string {
  return `"${keyText(path)}" is not known. ${whatInstead(path)}`;
}

function whatInstead(path: Path): string {
  const key = String(path.at(-1));
  const here = groupOf(path.slice(0, -1));
  const elsewhere = GROUPS.filter(({ path: other, keys }) => other !== here?.path && keys.includes(key));
  if (elsewhere.length > 0) return `It belongs ${elsewhere.map(({ where }) => where).join(" or ")}.`;
  // What flags call otherwise: logLevel is logging.level.
  const place = FRONT_PLACES.get(key);
  if (place !== undefined) return `In a file it is "${keyText(place)}".`;
  const guess = guessFor(key, here);
  if (guess !== undefined) return `Did you mean "${guess}"?`;
  return here === undefined ? "Remove it." : `Known ${here.where} are: ${here.keys.join(", ")}.`;
}

function groupOf(path: Path): Group | undefined {
  return GROUPS.find(
    (group) =>
      group.path.length === path.length && group.path.every((part, index) => part === "*" || part === path[index]),
  );
}

/** Its own group's keys come first: of two that are as near, the one that may stand here. */
function guessFor(key: string, here: Group | undefined): string | undefined {
  const others = GROUPS.filter((group) => group !== here);
  const guess = nearest(key, [...(here?.keys ?? []), ...others.flatMap(({ keys }) => keys)]);
  if (guess === undefined || here?.keys.includes(guess)) return guess;
  const group = others.find(({ keys }) => keys.includes(guess));
  return keyText([...(group?.path ?? []).map((part) => (part === "*" ? "NAME" : part)), guess]);
}
