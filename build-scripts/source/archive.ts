import { createReadStream } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { createGunzip } from "node:zlib";
import { extract } from "tar";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { CorralError } from "../../src/errors.ts";
import type { Channel, Delivery } from "./channel.ts";
import type { SourcePin } from "./pin.ts";

export interface ArchiveLimits {
  /** In ms; covers finding the address too. A host that is there answers in a fraction of the default, 4 s. */
  connect?: number;
  /** In ms without a single byte; default 10 s. A download that is merely slow never meets it. */
  silence?: number;
}

/** A release archive from upstream's own host, or from the address in the pin's variable. Proxy variables are obeyed. */
export function releaseArchive({ connect = 4_000, silence = 10_000 }: ArchiveLimits = {}): Channel {
  return {
    name: "archive",
    local: false,
    detail: addressOf,
    async deliver(delivery) {
      const agent = new EnvHttpProxyAgent({
        connect: { timeout: connect },
        headersTimeout: silence,
        bodyTimeout: silence,
      });
      try {
        const address = addressOf(delivery.pin);
        if (address === null) throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", "there is no release archive");
        const response = await fetch(address, { dispatcher: agent, signal: delivery.signal ?? null });
        return await unpack(response, delivery);
      } finally {
        await agent.destroy();
      }
    },
  };
}

export const archive: Channel = releaseArchive();

function addressOf({ archive }: SourcePin): string | null {
  return archive === undefined ? null : process.env[archive.variable] || archive.url;
}

async function unpack(response: Response, { scratch, onBytes, signal }: Delivery): Promise<string> {
  if (!response.ok || response.body === null) {
    throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", `the server answered ${response.status}`);
  }
  const length = Number(response.headers.get("content-length"));
  const file = join(scratch, "archive.tar.gz");
  const counter = counting((bytes) => onBytes(bytes, length > 0 ? length : null));
  await save(response.body, counter, file, signal);
  await requireWhole(file, signal);

  const dir = join(scratch, "tree");
  await mkdir(dir);
  // strict: a damaged archive is an error, not a warning.
  await extract({ file, cwd: dir, strip: 1, strict: true, preserveOwner: false });
  await rm(file);
  return dir;
}

/**
 * To a file first: what unpacks a stream that breaks off goes on making folders after it has failed, while they are
 * being removed.
 */
async function save(
  bytes: ReadableStream,
  counter: Transform,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    await pipeline(Readable.fromWeb(bytes), counter, file.createWriteStream(), signal === undefined ? {} : { signal });
  } finally {
    await file.close();
  }
}

/** Reads all of it, and checks it against its own checksum. */
async function requireWhole(path: string, signal: AbortSignal | undefined): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere, signal === undefined ? {} : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", `what came is not a whole archive (${why})`, { cause });
  }
}

function counting(onBytes: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
}
