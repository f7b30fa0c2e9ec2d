import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { CorralError } from "../../src/errors.ts";
import type { Channel, Delivery } from "./channel.ts";
import type { SourcePin } from "./pin.ts";

/** In ms; covers finding the address too. A host that is there answers in a fraction of it. */
const CONNECT_LIMIT = 4_000;
/** In ms without a single byte. A download that is merely slow never meets it, however long it takes. */
const SILENCE_LIMIT = 10_000;

/** A release archive from upstream's own host, or from the address in the pin's variable. Proxy variables are obeyed. */
export const archive: Channel = {
  name: "archive",
  local: false,
  detail: addressOf,
  async deliver(delivery) {
    const address = addressOf(delivery.pin);
    const agent = new EnvHttpProxyAgent({
      connect: { timeout: CONNECT_LIMIT },
      headersTimeout: SILENCE_LIMIT,
      bodyTimeout: SILENCE_LIMIT,
    });
    try {
      const response = await fetch(address, { dispatcher: agent, signal: delivery.signal ?? null });
      return await unpack(response, delivery);
    } finally {
      await agent.destroy();
    }
  },
};

function addressOf({ archive: { url, variable } }: SourcePin): string {
  return process.env[variable] || url;
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

function counting(onBytes: (bytes: number) => void) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      onBytes(bytes);
      yield chunk;
    }
  };
}
