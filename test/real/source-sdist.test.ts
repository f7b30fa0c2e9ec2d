import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type ObtainOptions, obtainSource } from "../../build-scripts/source/obtain.ts";
import type { SourcePin } from "../../build-scripts/source/pin.ts";
import { sourceDistribution } from "../../build-scripts/source/sdist.ts";
import { submoduleOf } from "../../build-scripts/source/submodule.ts";
import { treeHash } from "../../build-scripts/source/tree-hash.ts";
import { which } from "../../build-scripts/which.ts";

const scratch = await mkdtemp(join(tmpdir(), "corral-sdist-"));
let tarball: Buffer;
let tree: string;
let pin: SourcePin;

/** A package that tells what it is without any tool that would have to be fetched first. */
const BACKEND = `
import os
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = os.path.join(folder, "x_cpp-1.2.3.dist-info")
    os.makedirs(info)
    with open(os.path.join(info, "METADATA"), "w") as f:
        f.write("Metadata-Version: 2.1\\nName: x-cpp\\nVersion: 1.2.3\\n")
    return "x_cpp-1.2.3.dist-info"
`;
const PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
const METADATA = "Metadata-Version: 2.1\nName: x-cpp\nVersion: 1.2.3\n";

beforeAll(async () => {
  const dir = join(scratch, "x_cpp-1.2.3");
  await mkdir(join(dir, "third/y/src/deep"), { recursive: true });
  const files = {
    "backend.py": BACKEND,
    "pyproject.toml": PROJECT,
    "PKG-INFO": METADATA,
    "CMakeLists.txt": "project(x)\n",
    "third/y/.git": "gitdir: ../../.git/modules/y\n",
    "third/y/src/y.c": "int y;\n",
    "third/y/src/deep/z.c": "int z;\n",
    "third/y/more.c": "int more;\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const path = join(scratch, "x_cpp-1.2.3.tar.gz");
  await create({ file: path, cwd: scratch, gzip: true, portable: true }, ["x_cpp-1.2.3"]);
  tarball = await readFile(path);
  const reads = ["CMakeLists.txt", "third/y/src"];
  tree = await treeHash(dir, { only: reads });
  const sha256 = createHash("sha256").update(tarball).digest("hex");
  pin = {
    ...{ engine: "x", name: "x.cpp", version: "1.2.3", commit: null, tree, reads, submodule: "x-cpp" },
    sdist: { package: "x-cpp", version: "1.2.3", sha256 },
  };
});
afterAll(() => rm(scratch, { recursive: true }));

let server: Server | null = null;
let turn = 0;
let into: string;
beforeEach(() => {
  turn += 1;
  into = join(scratch, `turn-${turn}`, "source");
  // Whatever this machine's user has set, and its cache, would have a say.
  for (const name of Object.keys(process.env)) if (name.startsWith("PIP_")) vi.stubEnv(name, undefined);
  vi.stubEnv("PIP_CONFIG_FILE", "/dev/null");
  vi.stubEnv("PIP_NO_CACHE_DIR", "1");
  for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  server = null;
});

async function registry(answer: RequestListener): Promise<void> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("PIP_INDEX_URL", `http://127.0.0.1:${(listening.address() as AddressInfo).port}/simple`);
}

const page = '<!DOCTYPE html><html><body><a href="/files/x_cpp-1.2.3.tar.gz">x_cpp-1.2.3.tar.gz</a></body></html>';
const serving =
  (file: Buffer): RequestListener =>
  ({ url }, response) => {
    if (url === "/simple/x-cpp/") response.setHeader("content-type", "text/html").end(page);
    else if (url === "/files/x_cpp-1.2.3.tar.gz") response.end(file);
    else response.writeHead(404).end();
  };

/**
 * A PATH where git is, and nothing else but a program of this name, which is JavaScript. It has no ending, so a
 * package.json somewhere above the scratch folder decides if it is a module: the script must run as either.
 */
async function pathWith(name?: string, script?: string): Promise<void> {
  const bin = join(scratch, `bin-${turn}`);
  await mkdir(bin);
  await symlink(which("git", process.env.PATH) ?? "", join(bin, "git"));
  if (name !== undefined) {
    await writeFile(join(bin, name), `#!${process.execPath}\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", bin);
}

const obtain = (options: Partial<ObtainOptions> = {}) =>
  obtainSource({ pin, into, channels: [sourceDistribution()], ...options });
const missOf = (options: Partial<ObtainOptions> = {}): Promise<string> =>
  obtain(options).then(
    () => expect.fail("it should have failed"),
    ({ code, facts }) => {
      expect(code).toBe("CORRAL_SOURCE_UNAVAILABLE");
      expect(facts.misses[0]).toMatchObject({ channel: "sdist", detail: "x-cpp==1.2.3" });
      return facts.misses[0].reason;
    },
  );
const beside = () => readdir(join(into, "..")).catch(() => []);

describe("a source distribution", () => {
  test("comes by pip, and what the build reads of it is kept, proven and used again", async () => {
    let requests = 0;
    await registry((request, response) => {
      requests += 1;
      serving(tarball)(request, response);
    });
    const source = await obtain();
    expect(source).toEqual({ dir: into, tree, channel: "sdist", verified: true, detail: "x-cpp==1.2.3" });
    const files = (await readdir(into, { recursive: true })).toSorted();
    expect(files).toEqual([
      ...["CMakeLists.txt", "third", "third/y", "third/y/src", "third/y/src/deep", "third/y/src/deep/z.c"],
      "third/y/src/y.c",
    ]);
    expect(await beside()).toEqual(["source", "source.origin.json"]);
    const before = requests;
    expect(await obtain()).toEqual(source);
    expect(requests).toBe(before);
  });

  test("with other bytes is refused by pip, before anything in it runs", async () => {
    const other = Buffer.concat([tarball, Buffer.from("more")]);
    await registry(serving(other));
    expect(await missOf()).toMatch(/hash/i);
    expect(await beside()).toEqual([]);
  });

  test("with other bytes is refused where pip let it pass, too; `python3 -m pip` is one more way to call it", async () => {
    const script = `
      if (process.argv.includes("--version")) console.log("pip 23.0 from /x (python 3.11)");
      else { console.log("Collecting x-cpp"); process.getBuiltinModule("node:fs").writeFileSync("x.tar.gz", "other"); }`;
    await pathWith("python3", script);
    expect(await missOf()).toMatch(/^the package is not the pinned one \(its sha256 is [0-9a-f]{64}\)$/);
  });

  test("of another tree is refused", async () => {
    await registry(serving(tarball));
    const reason = await missOf({ pin: { ...pin, tree: "0".repeat(40) } });
    expect(reason).toBe(`it delivered tree ${tree} instead of ${"0".repeat(40)}`);
  });

  test.each<[string, RequestListener, RegExp]>([
    ["has no such package", (_, response) => response.writeHead(404, "Nothing Here").end(), /404/],
    ["is out of order", (_, response) => response.writeHead(503).end("busy"), /503/],
    ["never answers", () => undefined, /did not answer within 2 s|timed out/],
  ])("is missed where the registry %s", async (_, answer, reason) => {
    await registry(answer);
    expect(await missOf({ channels: [sourceDistribution({ firstWordLimit: 2_000 })] })).toMatch(reason);
    expect(await beside()).toEqual([]);
  });

  test("is missed where nothing listens: the reason is the innermost one", async () => {
    vi.stubEnv("PIP_INDEX_URL", "http://127.0.0.1:1/simple");
    expect(await missOf()).toMatch(/refused$/);
  });

  test("is missed without pip, with the way to get it", async () => {
    await pathWith();
    expect(await missOf()).toMatch(/^pip is not installed\. Install with:/);
  });

  test("stops with the signal's reason", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    await registry(() => stop.abort(reason));
    await expect(obtain({ signal: stop.signal })).rejects.toBe(reason);
    expect(await beside()).toEqual([]);
  });
});

test("without any channel all are listed, and then what to do", async () => {
  await pathWith();
  const channels = [submoduleOf(join(scratch, "nowhere")), sourceDistribution()];
  const failure = await obtain({ channels }).then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error as Error,
  );
  expect(failure.message.split("\n")).toEqual([
    "The source of x.cpp 1.2.3 could not be had from anywhere:",
    expect.stringMatching(/^ {2}submodule \(.*x-cpp\): this corral is not a git checkout$/),
    expect.stringMatching(/^ {2}sdist \(x-cpp==1\.2\.3\): pip is not installed/),
    expect.stringMatching(
      /copy the source of x\.cpp 1\.2\.3 with its third parties here .*corral build x --source DIR$/,
    ),
  ]);
});
