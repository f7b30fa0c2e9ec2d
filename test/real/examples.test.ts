import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What each example prints, on the echo model. */
const PRINTS: Readonly<Record<string, RegExp>> = {
  abort: /^left after the first piece\naborted: the user has closed the page\nrequests still running: 0$/,
  "any-endpoint": /^tokens: \{"tokens":\[[\d,]+\]\}\n200 text\/event-stream\nstreamed: some bytes$/,
  chat: /^Seven green boats sail north\n\d+ tokens, finished by stop$/,
  embed: /^CORRAL_WORKER_ANSWERED: .*embeddings/,
  gateway: /^200: over HTTP$/,
  scale: /^workers: 1\nworkers: 2\nworkers: 1$/,
  "many-models": /^hello gpt-4o-mini\nhello second$/,
  "stats-and-events":
    /^\/v1\/chat\/completions: answered 200 by echo#\d\.0, \d+ tokens\npool is ready: \d+ workers, 0 of \d+ slots busy, 0 queued\nserved 1, tokens \d+ in and \d+ out\n( {2}echo#\d\.0 \(pid \d+\) on CPUs [\d,]*, restarted 0 times\n)+worker echo#\d\.0 is draining\n/,
  stream: /^Ein Gedicht über 🐎 und Wind$/,
  "two-pools": /^quick: question for quick\nthorough: question for thorough$/,
};

beforeAll(async () => {
  await execa("npm", ["run", "--silent", "build"], { cwd: ROOT });
});

describe("examples", () => {
  it("are all here", () => {
    const files = readdirSync(`${ROOT}/examples`).map((name) => name.replace(/\.ts$/, ""));
    expect(files.toSorted()).toEqual(Object.keys(PRINTS).toSorted());
  });

  it.each(Object.entries(PRINTS))("%s prints what it should, and ends", async (name, prints) => {
    const { stdout, stderr } = await execa("node", [`dist/examples/${name}.js`], { cwd: ROOT, timeout: 60_000 });
    expect(stdout).toMatch(prints);
    expect(stderr).toBe("");
  });
});
