import { rm } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import type { Channel } from "./channel.ts";
import { checkHash, fetchPackage, unavailable } from "./fetcher.ts";
import { git } from "./git.ts";
import type { SourcePin } from "./pin.ts";

export interface PackOptions {
  /** Program and arguments before "pack". Default npm. */
  command?: readonly string[];
  /** In ms: how long the registry may take to say its first word. Default 10 s. */
  firstWordLimit?: number;
}

/** A published package that carries the same tree as a git bundle, for networks that reach a registry and no more. */
export function npmPackage({ command = ["npm"], firstWordLimit = 10_000 }: PackOptions = {}): Channel {
  return {
    name: "npm",
    local: false,
    detail: ({ npm: published }) => (published === undefined ? null : specOf(published)),
    async deliver({ pin: { npm: published }, scratch, signal }) {
      if (published === undefined) throw unavailable("it is not published there");
      const args = ["pack", specOf(published), ...PACK_FLAGS];
      const fetcher = { command, args, firstWord: /^npm http (fetch|cache)/m, firstWordLimit, reasonIn, signal };
      const tarball = await fetchPackage(fetcher, join(scratch, "pack"));
      const [algorithm = "", wanted = ""] = published.integrity.split(/-(.*)/s);
      await checkHash(tarball, algorithm, "base64", wanted);
      const bundle = `package/${published.bundle}`;
      await extract({ file: tarball, cwd: scratch, strict: true }, [bundle]);
      await rm(tarball);
      const dir = join(scratch, "tree");
      await git(["clone", "--quiet", "--template=", join(scratch, bundle), dir], { cwd: scratch, signal });
      await rm(join(dir, ".git"), { recursive: true });
      return dir;
    },
  };
}

export const npm: Channel = npmPackage();

function specOf({ package: name, version }: NonNullable<SourcePin["npm"]>): string {
  return `${name}@${version}`;
}

/**
 * Corral may itself run inside `npm install -g` or with `--dry-run`, whose settings a child inherits. fetch-timeout is
 * for silence on an open connection, and for the whole of the package's description, so it is generous; for opening a
 * connection npm has no limit, hence the watch for its first word.
 */
const PACK_FLAGS = [
  ...["--global=false", "--dry-run=false", "--workspaces=false", "--ignore-scripts", "--prefer-offline"],
  ...["--fetch-retries=0", "--fetch-timeout=60000", "--loglevel=http", "--color=false", "--update-notifier=false"],
];

function reasonIn(output: string): string | null {
  const lines = [...output.matchAll(/^npm (?:error|ERR!) (?!code |errno |syscall )(.+)$/gm)];
  return lines[0]?.[1]?.trim() ?? null;
}
