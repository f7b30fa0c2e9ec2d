import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CorralError } from "../../src/errors.ts";
import { withLock } from "../lock.ts";
import { archive } from "./archive.ts";
import type { Channel } from "./channel.ts";
import { givenFolder } from "./folder.ts";
import { npm } from "./npm.ts";
import { releaseOf, type SourcePin } from "./pin.ts";
import { sdist } from "./sdist.ts";
import type { Source, SourceEvent } from "./source.ts";
import { submodule } from "./submodule.ts";
import { treeHash } from "./tree-hash.ts";

export interface ObtainOptions {
  pin: SourcePin;
  /** A source tree that the user gives: then no other channel is tried. */
  folder?: string | undefined;
  /** Accept a tree with another hash. Default false. */
  unverified?: boolean | undefined;
  /**
   * Where a downloaded tree goes, whole or not at all. One that lies there from an earlier call, and is still right,
   * is used again. A local tree is used where it lies.
   */
  into: string;
  report?: ((event: SourceEvent) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** What to try where no folder is given, in this order. Default: all, of which a pin offers some. */
  channels?: readonly Channel[] | undefined;
}

/**
 * The pinned source, by the first channel that delivers it. With an unreachable network this fails in under 20 s.
 *
 * Throws CORRAL_SOURCE_UNAVAILABLE (facts.misses: channel, detail and reason of each), CORRAL_SOURCE_UNVERIFIED for a
 * local tree that is not the pinned one (facts: expected, found), CORRAL_TOOL_MISSING without git, or the signal's
 * reason.
 */
export async function obtainSource(options: ObtainOptions): Promise<Source> {
  const { pin, folder, report, signal } = options;
  const channels =
    folder === undefined ? (options.channels ?? [submodule, archive, npm, sdist]) : [givenFolder(folder)];
  const misses: Miss[] = [];
  for (const channel of channels) {
    const detail = channel.detail(pin);
    if (detail === null) continue;
    report?.({ kind: "source-try", channel: channel.name, detail });
    try {
      const source = await (channel.local ? fromHere : fromAfar)(channel, detail, options);
      report?.({ kind: "source-ready", source });
      return source;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof CorralError && error.code !== "CORRAL_SOURCE_UNAVAILABLE") throw error;
      const reason = reasonOf(error);
      misses.push({ channel: channel.name, detail, reason, error });
      report?.({ kind: "source-miss", channel: channel.name, reason });
    }
  }
  throw unavailable(pin, misses);
}

async function fromHere(channel: Channel, detail: string, options: ObtainOptions): Promise<Source> {
  const { pin, unverified = false, signal } = options;
  const dir = await channel.deliver({ pin, scratch: "", onBytes: () => undefined, signal });
  const tree = await treeHash(dir, { only: pin.reads, signal });
  if (tree !== pin.tree && !unverified) throw notUpstreams(pin, dir, tree);
  return { dir, tree, channel: channel.name, verified: tree === pin.tree, detail };
}

async function fromAfar(channel: Channel, detail: string, options: ObtainOptions): Promise<Source> {
  const into = resolve(options.into);
  return withLock(
    `${into}.lock`,
    async () => (await keptFrom(into, options)) ?? (await download(channel, detail, into, options)),
    { signal: options.signal },
  );
}

/** What an earlier call has left in `into`; null when there is nothing, or nothing whole. */
async function keptFrom(into: string, { pin, signal }: ObtainOptions): Promise<Source | null> {
  try {
    const origin: Pick<Source, "channel" | "detail"> = JSON.parse(await readFile(originOf(into), "utf8"));
    const tree = await treeHash(into, { only: pin.reads, signal });
    return tree === pin.tree ? { dir: into, tree, verified: true, ...origin } : null;
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

/** Called under the lock of `into`: whatever lies half-made beside it was left by a process that was killed. */
async function download(channel: Channel, detail: string, into: string, options: ObtainOptions): Promise<Source> {
  const { pin, unverified = false, report, signal } = options;
  await removeParts(into);
  const scratch = await mkdtemp(`${into}${PART}`);
  try {
    const onBytes = (bytes: number, total: number | null) =>
      report?.({ kind: "source-bytes", channel: channel.name, bytes, total });
    const dir = await channel.deliver({ pin, scratch, onBytes, signal });
    const tree = await treeHash(dir, { only: pin.reads, signal });
    if (tree !== pin.tree && !unverified) throw wrongDelivery(pin, tree);
    await rm(originOf(into), { force: true });
    await rm(into, { recursive: true, force: true });
    await rename(dir, into);
    await writeFile(originOf(into), JSON.stringify({ channel: channel.name, detail }));
    return { dir: into, tree, channel: channel.name, verified: tree === pin.tree, detail };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const PART = ".part-";

/** Beside the tree and written after it, so it says both where the tree came from and that it is whole. */
function originOf(into: string): string {
  return `${into}.origin.json`;
}

async function removeParts(into: string): Promise<void> {
  const folder = dirname(into);
  await mkdir(folder, { recursive: true });
  const parts = (await readdir(folder)).filter((name) => name.startsWith(`${basename(into)}${PART}`));
  await Promise.all(parts.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

interface Miss {
  readonly channel: string;
  readonly detail: string;
  readonly reason: string;
  readonly error: unknown;
}

/** fetch itself says no more than "fetch failed"; what happened is in its causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CorralError) return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join(", ");
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}

function wrongDelivery(pin: SourcePin, tree: string): CorralError {
  return new CorralError("CORRAL_SOURCE_UNAVAILABLE", `it delivered tree ${tree} instead of ${pin.tree}`);
}

function notUpstreams(pin: SourcePin, dir: string, found: string): CorralError {
  return new CorralError(
    "CORRAL_SOURCE_UNVERIFIED",
    `${dir} is not ${pin.name} ${pin.version}: its git tree is ${found}, upstream's is ${pin.tree}. ` +
      "Undo the changes there (in a folder without .git every file counts, build output too), " +
      "or accept it as it is with --unverified.",
    { facts: { dir, expected: pin.tree, found } },
  );
}

function unavailable(pin: SourcePin, misses: readonly Miss[]): CorralError {
  const lines = misses.map(({ channel, detail, reason }) => `  ${channel} (${detail}): ${reason}`);
  return new CorralError(
    "CORRAL_SOURCE_UNAVAILABLE",
    [
      `The source of ${pin.name} ${pin.version} could not be had from anywhere:`,
      ...lines,
      `Mend one of these and try again. Without a network, copy the source of ${releaseOf(pin)} here ` +
        `and run: corral build ${pin.engine} --source DIR`,
    ].join("\n"),
    {
      cause: new AggregateError(misses.map(({ error }) => error)),
      facts: { misses: misses.map(({ channel, detail, reason }) => ({ channel, detail, reason })) },
    },
  );
}
