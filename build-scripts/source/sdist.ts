import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { extract } from "tar";
import { installHint } from "../install-hint.ts";
import { findPip } from "../pip.ts";
import type { Channel } from "./channel.ts";
import { checkHash, fetchPackage, unavailable } from "./fetcher.ts";
import type { SourcePin } from "./pin.ts";

export interface SdistOptions {
  /** In ms: how long the registry may take to say its first word, and be silent later. Default 10 s. */
  firstWordLimit?: number;
}

/**
 * A Python source distribution, for networks that reach a registry and no more. pip does the download with the user's
 * own settings, and demands the pinned hash itself before it opens the file: to tell what a source distribution is, it
 * runs that package's setup.
 */
export function sourceDistribution({ firstWordLimit = 10_000 }: SdistOptions = {}): Channel {
  return {
    name: "sdist",
    local: false,
    detail: ({ sdist }) => (sdist === undefined ? null : `${sdist.package}==${sdist.version}`),
    async deliver({ pin, scratch, signal }) {
      if (pin.sdist === undefined) throw unavailable("it is not published there");
      const { package: name, version, sha256 } = pin.sdist;
      const requirements = join(scratch, "requirements.txt");
      await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
      const args = [
        ...["download", "--require-hashes", "--requirement", requirements, "--no-deps", "--no-binary", name],
        ...["--dest", ".", "--retries", "0", "--timeout", `${firstWordLimit / 1000}`, ...DOWNLOAD_FLAGS],
      ];
      const command = await commandOf(signal);
      const fetcher = { command, args, env: PLAIN_OUTPUT, firstWord: FIRST_WORD, firstWordLimit, reasonIn, signal };
      const tarball = await fetchPackage(fetcher, join(scratch, "pip"));
      await checkHash(tarball, "sha256", "hex", sha256);
      return unpack(tarball, pin, join(scratch, "tree"));
    },
  };
}

export const sdist: Channel = sourceDistribution();

/** -vv: why a registry could not be read is told at that level only. */
const DOWNLOAD_FLAGS = ["-vv", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];

/** Of what a user may have set, these would change or hide the output, or refuse to run outside an environment. */
const PLAIN_OUTPUT = { PIP_QUIET: "0", PIP_VERBOSE: "0", PIP_NO_COLOR: "1", PIP_REQUIRE_VIRTUALENV: "0" };

/** An answer to a request, or a package that needed none: it is in a folder of the user's, or in pip's cache. */
const FIRST_WORD = /"GET [^"]* HTTP\/[\d.]+" \d|^Collecting |^\s*(Using cached|Processing) /m;

async function commandOf(signal: AbortSignal | undefined): Promise<readonly string[]> {
  const run = async (program: string, args: string[]): Promise<string | null> => {
    const limits = { stdin: "ignore", reject: false, timeout: 10_000 } as const;
    const { failed, stdout } = await execa(program, args, { ...limits, ...(signal && { cancelSignal: signal }) });
    signal?.throwIfAborted();
    return failed ? null : stdout;
  };
  const pip = await findPip(process.env.PATH, run);
  if (pip === null) throw unavailable(`pip is not installed. ${installHint(["pip"]).split("\n")[0]}`);
  return pip.command;
}

async function unpack(tarball: string, { reads }: SourcePin, dir: string): Promise<string> {
  await mkdir(dir);
  /** The first folder of a path is the package's own. */
  const isRead = (path: string): boolean => {
    const inside = path.replace(/^[^/]+\//, "");
    return reads === undefined || reads.some((name) => inside === name || inside.startsWith(`${name}/`));
  };
  await extract({ file: tarball, cwd: dir, strip: 1, strict: true, preserveOwner: false, filter: isRead });
  await rm(tarball);
  return dir;
}

/** What a page could not be read for, else pip's first error. urllib3's errors are nested: the innermost says it. */
function reasonIn(output: string): string | null {
  const page = /^Could not fetch URL \S+: (.*?)(?: - skipping)?$/m.exec(output)?.[1];
  const inner = page && /['"]([^'"]+)['"]\)+$/.exec(page)?.[1]?.replace(/^.*[>)]: /, "");
  return inner || page || (/^ERROR: (.+)$/m.exec(output)?.[1]?.trim() ?? null);
}
