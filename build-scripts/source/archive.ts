import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
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
  const dir = join(scratch, "tree");
  await mkdir(dir);
  const length = Number(response.headers.get("content-length"));
  await pipeline(
    Readable.fromWeb(response.body),
    counting((bytes) => onBytes(bytes, length > 0 ? length : null)),
    // strict: a truncated or damaged archive is an error, not a warning.
    extract({ cwd: dir, strip: 1, strict: true, preserveOwner: false }),
    signal === undefined ? {} : { signal },
  );
  return dir;
}

/**
 * A stream, not a generator: tar's writable is its own kind, and pipeline() waits for ever for it behind a generator
 * whose source is slow.
 */
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
