import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";

/** Resolves when a GET of `url` is answered with 200; throws, naming `who`, after `limitMs`. */
export async function untilReady(url: string, who: string, limitMs = 10_000): Promise<void> {
  const limit = performance.now() + limitMs;
  let last = "nothing";
  while (performance.now() < limit) {
    last = await statusOf(url);
    if (last === "200") return;
    await sleep(50);
  }
  throw new Error(`${who}: ${url} did not answer 200 in ${limitMs / 1000} s; the last try gave ${last}.`);
}

async function statusOf(url: string): Promise<string> {
  try {
    const { statusCode, body } = await request(url);
    await body.dump();
    return String(statusCode);
  } catch (error) {
    return String(error);
  }
}
