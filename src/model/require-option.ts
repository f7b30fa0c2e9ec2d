import { CorralError } from "../errors.ts";

/** Throws CORRAL_BAD_OPTION where a name is none of the keys of `known`. */
export function requireKnown(what: string, given: string | number, known: object): void {
  if (Object.hasOwn(known, given)) return;
  const names = Object.keys(known).join(", ");
  throw new CorralError("CORRAL_BAD_OPTION", `there is no ${what} "${given}". Choose one of ${names}.`, {
    facts: { [what]: given },
  });
}

/** Throws CORRAL_BAD_OPTION where a number isn't whole or out of range. */
export function requireCount(what: string, given: number, most: number): void {
  if (Number.isInteger(given) && given >= 1 && given <= most) return;
  const message = `${what} can't be ${given}. Give a whole number from 1 to ${most}.`;
  throw new CorralError("CORRAL_BAD_OPTION", message, { facts: { [what]: given } });
}
