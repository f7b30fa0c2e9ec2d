import { dirname } from "node:path";

/** A file or folder, and the folders on the way to it, outermost first. Plain data. */
export interface Sight {
  readonly path: string;
  readonly self: Owned;
  readonly above: readonly (Owned & { readonly path: string })[];
}

interface Owned {
  readonly isFolder: boolean;
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who is to read; uid null is a user that does not exist yet, and owns nothing. */
export interface Reader {
  readonly uid: number | null;
  readonly gids: readonly number[];
}

/** Where ProtectHome and PrivateTmp put empty folders of the service's own. */
const HIDDEN = ["/root", "/home", "/run/user", "/tmp", "/var/tmp"];

/**
 * What must be shown to the service for it to see this file: nothing, or its folder, so that a file which takes its
 * place is seen, too; a home is not shown whole. Pure.
 */
export function shownFor({ path, self }: Pick<Sight, "path" | "self">): string | null {
  if (!isHidden(path)) return null;
  const folder = self.isFolder ? path : dirname(path);
  return isHome(folder) ? path : folder;
}

/** Why the reader can't read it, with what to do; null where it can. Access lists are not looked at. Pure. */
export function hurdle(sight: Sight, reader: Reader): string | null {
  const { path, self, above } = sight;
  const shown = shownFor(sight);
  // What is mounted for the service is reached past the folders above it.
  const onTheWay = shown === null ? above : above.filter((folder) => folder.path.startsWith(shown));
  const shut = onTheWay.find((folder) => !may(folder, reader, "x"));
  if (shut !== undefined) {
    return `The service's user can't enter ${shut.path} (mode ${octal(shut.mode)}), where ${path} is. Let others in (chmod o+x ${shut.path}), or move it to /srv or /opt, or name a user who may with --run-as.`;
  }
  if (may(self, reader, self.isFolder ? "rx" : "r")) return null;
  return `The service's user can't read ${path} (mode ${octal(self.mode)}). Let others read it (chmod o+${self.isFolder ? "rx" : "r"} ${path}), or name a user who may with --run-as.`;
}

function isHidden(path: string): boolean {
  return HIDDEN.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

function isHome(folder: string): boolean {
  return HIDDEN.includes(folder) || (dirname(folder) === "/home" && folder !== "/home");
}

function may({ mode, uid, gid }: Owned, reader: Reader, what: "r" | "x" | "rx"): boolean {
  if (reader.uid === 0) return true;
  const shift = reader.uid === uid ? 6 : reader.gids.includes(gid) ? 3 : 0;
  const asked = { r: 4, x: 1, rx: 5 }[what];
  return ((mode >> shift) & asked) === asked;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
