import { createHash } from "node:crypto";
import { appendFile, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "tar";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { releaseArchive } from "../../build-scripts/source/archive.ts";
import { npmPackage } from "../../build-scripts/source/npm.ts";
import { type ObtainOptions, obtainSource } from "../../build-scripts/source/obtain.ts";
import type { SourcePin } from "../../build-scripts/source/pin.ts";
import type { SourceEvent } from "../../build-scripts/source/source.ts";
import { submoduleOf } from "../../build-scripts/source/submodule.ts";
import { treeHash } from "../../build-scripts/source/tree-hash.ts";
import { git, makeRepository, type Repository } from "../build-scripts/fixtures/repository.ts";

const fakeNpm = join(import.meta.dirname, "../build-scripts/fixtures/fake-npm.mjs");
const scratch = await mkdtemp(join(tmpdir(), "corral-source-"));
let repository: Repository;
let archiveBytes: Buffer;
let tarball: string;
let pin: SourcePin;

beforeAll(async () => {
  repository = await makeRepository(join(scratch, "repository"));
  const archivePath = join(scratch, "archive.tar.gz");
  await git(repository.dir, "archive", "--format=tar.gz", "--prefix=x-1/", `--output=${archivePath}`, "HEAD");
  archiveBytes = await readFile(archivePath);

  await mkdir(join(scratch, "package"));
  await git(repository.dir, "bundle", "create", join(scratch, "package/x.bundle"), "HEAD");
  await writeFile(join(scratch, "package/package.json"), "{}");
  tarball = join(scratch, "x.tgz");
  await create({ file: tarball, cwd: scratch, gzip: true }, ["package"]);
  const integrity = `sha512-${createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64")}`;

  pin = {
    ...{ engine: "x", name: "x.cpp", version: "1.0.0", commit: repository.commit, tree: repository.tree },
    archive: { url: "http://127.0.0.1:1/x.tar.gz", variable: "CORRAL_TEST_ARCHIVE" },
    npm: { package: "x", version: "1.2.3", integrity, bundle: "x.bundle" },
    submodule: "x-cpp",
  };
});
afterAll(() => rm(scratch, { recursive: true }));

let server: Server | null = null;
let turn = 0;
let into: string;
beforeEach(() => {
  turn += 1;
  into = join(scratch, `turn-${turn}`, "source");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  server = null;
});

async function serve(answer: RequestListener): Promise<void> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("CORRAL_TEST_ARCHIVE", `http://127.0.0.1:${(listening.address() as AddressInfo).port}/a.tar.gz`);
}

const npmThat = (mode: string, file = tarball, firstWordLimit = 30_000) =>
  npmPackage({ command: [process.execPath, fakeNpm, mode, file], firstWordLimit });
const archive = releaseArchive();
const noSubmodule = submoduleOf(join(scratch, "nowhere"));
const obtain = (options: Partial<ObtainOptions>) => obtainSource({ pin, into, ...options });
const failureOf = (options: Partial<ObtainOptions>) =>
  obtain(options).then(
    () => expect.fail("it should have failed"),
    (error) => error,
  );
const beside = () => readdir(join(into, "..")).catch(() => []);

describe("local trees", () => {
  test("a given folder is used where it lies, and nothing else is tried", async () => {
    const source = await obtain({ folder: repository.dir, channels: [archive] });
    expect(source).toEqual({
      ...{ dir: repository.dir, tree: repository.tree, channel: "folder", verified: true, detail: repository.dir },
    });
    expect(await failureOf({ folder: join(scratch, "nowhere"), channels: [npmThat("deliver")] })).toMatchObject({
      code: "CORRAL_SOURCE_UNAVAILABLE",
      facts: { misses: [{ channel: "folder" }] },
    });
  });

  test("a changed tree is refused, unless it is asked for", async () => {
    const changed = join(scratch, "changed");
    await cp(repository.dir, changed, { recursive: true, verbatimSymlinks: true });
    await appendFile(join(changed, "CMakeLists.txt"), "# more\n");
    const failure = await failureOf({ folder: changed });
    expect(failure).toMatchObject({
      code: "CORRAL_SOURCE_UNVERIFIED",
      facts: { expected: repository.tree, found: await treeHash(changed) },
    });
    expect(failure.message).toContain("--unverified");
    expect(await obtain({ folder: changed, unverified: true })).toMatchObject({ dir: changed, verified: false });
  });

  test("a populated submodule comes first; a changed one is an error, an empty one is passed over", async () => {
    const root = join(scratch, "checkout");
    const channels = [submoduleOf(root), npmThat("deliver")];
    await mkdir(join(root, "x-cpp"), { recursive: true });
    expect(await obtain({ channels })).toMatchObject({ channel: "npm" });
    await cp(repository.dir, join(root, "x-cpp"), { recursive: true, verbatimSymlinks: true });
    expect(await obtain({ channels })).toMatchObject({ channel: "submodule", dir: join(root, "x-cpp") });
    await rm(join(root, "x-cpp/run.sh"));
    expect(await failureOf({ channels })).toMatchObject({ code: "CORRAL_SOURCE_UNVERIFIED" });
  });
});

describe("release archive", () => {
  test("is unpacked, proven, reported by bytes, and used again", async () => {
    let requests = 0;
    await serve((_, response) => {
      requests += 1;
      response.setHeader("content-length", archiveBytes.length).end(archiveBytes);
    });
    const events: SourceEvent[] = [];
    const source = await obtain({ channels: [noSubmodule, archive], report: (event) => events.push(event) });
    expect(source).toMatchObject({ dir: into, tree: repository.tree, channel: "archive", verified: true });
    expect(await treeHash(into)).toBe(repository.tree);
    expect(await beside()).toEqual(["source", "source.origin.json"]);
    expect(events.map(({ kind }) => kind).filter((kind) => kind !== "source-bytes")).toEqual([
      ...["source-try", "source-miss", "source-try", "source-ready"],
    ]);
    expect(events.findLast(({ kind }) => kind === "source-bytes")).toMatchObject({
      bytes: archiveBytes.length,
      total: archiveBytes.length,
    });

    expect(await obtain({ channels: [archive] })).toEqual(source);
    expect(requests).toBe(1);
    await appendFile(join(into, "CMakeLists.txt"), "# more\n");
    expect(await obtain({ channels: [archive] })).toEqual(source);
    expect(requests).toBe(2);
  });

  test.each<[string, RequestListener, RegExp]>([
    ["an error", (_, response) => response.writeHead(503).end("busy"), /^the server answered 503$/],
    ["a page instead of an archive", (_, response) => response.end("<html>sign in</html>"), /archive/i],
    ["half of it, and then the end", (_, response) => response.end(archiveBytes.subarray(0, 300)), /./],
    [
      "half of it, and then a reset",
      (_, response) => {
        response.setHeader("content-length", archiveBytes.length);
        response.write(archiveBytes.subarray(0, 300), () => response.destroy());
      },
      /closed|terminated|reset|aborted/i,
    ],
  ])("%s: the next channel is tried, and nothing half is left", async (_, answer, reason) => {
    await serve(answer);
    expect(await failureOf({ channels: [archive] })).toMatchObject({
      facts: { misses: [{ channel: "archive", reason: expect.stringMatching(reason) }] },
    });
    expect(await beside()).toEqual([]);
    expect(await obtain({ channels: [archive, npmThat("deliver")] })).toMatchObject({ channel: "npm" });
  });

  test("another tree: the next channel is tried", async () => {
    await serve((_, response) => response.end(archiveBytes));
    const other = { ...pin, tree: "0".repeat(40) };
    const failure = await failureOf({ pin: other, channels: [archive, npmThat("fail")] });
    expect(failure.code).toBe("CORRAL_SOURCE_UNAVAILABLE");
    expect(failure.message).toContain(`it delivered tree ${repository.tree} instead of ${other.tree}`);
    expect(failure.message).toContain("npm (x@1.2.3): request to https://r/ failed");
    expect(await obtain({ pin: other, channels: [archive], unverified: true })).toMatchObject({ verified: false });
  });

  test.each<[string, RequestListener]>([
    ["silent from the start", () => undefined],
    ["silent in the middle", (_, response) => void response.write(archiveBytes.subarray(0, 300))],
  ])("a server that is %s is given up", async (_, answer) => {
    await serve(answer);
    const failure = await failureOf({ channels: [releaseArchive({ silence: 300 })] });
    expect(failure.facts.misses[0].reason).toMatch(/timeout/i);
  });

  test("a server that is slow but alive is not", async () => {
    await serve(async (_, response) => {
      const size = Math.ceil(archiveBytes.length / 10);
      for (let from = 0; from < archiveBytes.length; from += size) {
        response.write(archiveBytes.subarray(from, from + size));
        await sleep(200);
      }
      response.end();
    });
    expect(await obtain({ channels: [releaseArchive({ silence: 1_500 })] })).toMatchObject({ channel: "archive" });
  });

  test("stops with the signal's reason, leaving nothing", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    await serve((_, response) => response.write(archiveBytes.subarray(0, 300), () => stop.abort(reason)));
    await expect(obtain({ channels: [archive, npmThat("deliver")], signal: stop.signal })).rejects.toBe(reason);
    expect(await beside()).toEqual([]);
  });

  test("two that ask at once download once; what a killed one left is cleared away", async () => {
    let requests = 0;
    await serve((_, response) => {
      requests += 1;
      response.end(archiveBytes);
    });
    await mkdir(`${into}.part-gone/tree`, { recursive: true });
    await mkdir(join(into, "half"), { recursive: true });
    await Promise.all([obtain({ channels: [archive] }), obtain({ channels: [archive] })]);
    expect(requests).toBe(1);
    expect(await treeHash(into)).toBe(repository.tree);
    expect(await beside()).toEqual(["source", "source.origin.json"]);
  });
});

describe("npm package", () => {
  test("its bundle becomes a plain tree", async () => {
    const source = await obtain({ channels: [npmThat("deliver")] });
    expect(source).toMatchObject({ channel: "npm", detail: "x@1.2.3", verified: true, dir: into });
    await expect(stat(join(into, ".git"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await beside()).toEqual(["source", "source.origin.json"]);
  });

  test("a package with other bytes is refused before it is opened", async () => {
    const other = join(scratch, "other.tgz");
    await copyFile(tarball, other);
    await appendFile(other, "more");
    expect((await failureOf({ channels: [npmThat("deliver", other)] })).facts.misses[0].reason).toMatch(
      /^the package is not the pinned one/,
    );
  });

  test("a silent registry is given up; one that has spoken may take its time", async () => {
    const failure = await failureOf({ channels: [npmThat("hang", tarball, 300)] });
    expect(failure.facts.misses[0].reason).toBe("the registry did not answer within 0.3 s");

    const slow = join(scratch, "slow.tgz");
    await copyFile(tarball, slow);
    const coming = obtain({ channels: [npmThat("slow", slow, 3_000)] });
    await sleep(3_500);
    await writeFile(`${slow}.go`, "");
    expect(await coming).toMatchObject({ channel: "npm" });
  });

  test("no npm at all", async () => {
    const failure = await failureOf({ channels: [npmPackage({ command: [join(scratch, "no-npm")] })] });
    expect(failure.facts.misses[0].reason).toMatch(/is not installed$/);
  });
});

test("when nothing delivers, every channel is named with its reason, and then what to do", async () => {
  const failure = await failureOf({ channels: [noSubmodule, archive, npmThat("fail")] });
  expect(failure.code).toBe("CORRAL_SOURCE_UNAVAILABLE");
  expect(failure.message.split("\n")).toEqual([
    "The source of x.cpp 1.0.0 could not be had from anywhere:",
    expect.stringMatching(/^ {2}submodule \(.*x-cpp\): this corral is not a git checkout$/),
    expect.stringMatching(/^ {2}archive \(http:\/\/127\.0\.0\.1:1\/x\.tar\.gz\): .*/),
    "  npm (x@1.2.3): request to https://r/ failed",
    expect.stringMatching(/corral build x --source DIR$/),
  ]);
});
