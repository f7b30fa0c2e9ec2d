import { appendFile, chmod, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { treeHash } from "../../build-scripts/source/tree-hash.ts";
import { git, makeRepository, type Repository } from "./fixtures/repository.ts";

const scratch = await mkdtemp(join(tmpdir(), "corral-tree-test-"));
afterAll(() => rm(scratch, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

let turn = 0;
let repository: Repository;
/** The same files without a repository. */
let plain: string;
beforeEach(async () => {
  turn += 1;
  repository = await makeRepository(join(scratch, `repository-${turn}`));
  plain = join(scratch, `plain-${turn}`);
  await cp(repository.dir, plain, { recursive: true, verbatimSymlinks: true });
  await rm(join(plain, ".git"), { recursive: true });
});

describe("treeHash", () => {
  test("is the commit's own tree, with and without the repository", async () => {
    expect(await treeHash(repository.dir)).toBe(repository.tree);
    expect(await treeHash(plain)).toBe(repository.tree);
  });

  test.each([
    ["an edited file", (dir: string) => appendFile(join(dir, "CMakeLists.txt"), "# more\n")],
    ["an edited file that .gitignore names", (dir: string) => appendFile(join(dir, "sub/ignored.log"), "more\n")],
    ["a lost executable bit", (dir: string) => chmod(join(dir, "run.sh"), 0o644)],
    ["a missing file", (dir: string) => rm(join(dir, "sub/dos.txt"))],
    ["other line ends", (dir: string) => writeFile(join(dir, "sub/dos.txt"), "a\nb\n")],
    ["a link turned into a file", (dir: string) => rm(join(dir, "link")).then(() => writeFile(join(dir, "link"), "x"))],
  ])("%s changes it", async (_, change) => {
    for (const dir of [repository.dir, plain]) {
      await change(dir);
      expect(await treeHash(dir)).not.toBe(repository.tree);
    }
  });

  test("build output counts in a plain folder only", async () => {
    for (const dir of [repository.dir, plain]) {
      await mkdir(join(dir, "build"));
      await writeFile(join(dir, "build/x.o"), "x");
    }
    expect(await treeHash(repository.dir)).toBe(repository.tree);
    expect(await treeHash(plain)).not.toBe(repository.tree);
  });

  test("an edit that git was told not to look at counts", async () => {
    await git(repository.dir, "update-index", "--assume-unchanged", "CMakeLists.txt");
    await appendFile(join(repository.dir, "CMakeLists.txt"), "# more\n");
    expect(await treeHash(repository.dir)).not.toBe(repository.tree);
  });

  test("a .git that leads nowhere, as in a copied submodule, is as good as none", async () => {
    await writeFile(join(plain, ".git"), "gitdir: ../.git/modules/gone\n");
    expect(await treeHash(plain)).toBe(repository.tree);
  });

  test("a repository within a plain folder is an untracked extra, not a failure", async () => {
    await makeRepository(join(plain, "other"));
    expect(await treeHash(plain)).toMatch(/^[0-9a-f]{40}$/);
  });

  test("files of submodules count as if they lay there without a repository", async () => {
    const other = await makeRepository(join(scratch, `other-${turn}`));
    const add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.dir, "third/other"];
    await git(repository.dir, ...add);
    const inline = join(scratch, `inline-${turn}`);
    await cp(repository.dir, inline, { recursive: true, verbatimSymlinks: true });
    await rm(join(inline, ".git"), { recursive: true });
    await rm(join(inline, "third/other/.git"));
    const hash = await treeHash(inline);
    expect(await treeHash(repository.dir)).toBe(hash);
    await writeFile(join(repository.dir, "third/other/untracked.o"), "x");
    expect(await treeHash(repository.dir)).toBe(hash);
    await appendFile(join(repository.dir, "third/other/run.sh"), "more\n");
    expect(await treeHash(repository.dir)).not.toBe(hash);
  });

  test("of named files and folders only they count, whatever lies beside them and whichever way they came", async () => {
    const only = ["CMakeLists.txt", "sub/deep", "third/other/run.sh", "nowhere"];
    const other = await makeRepository(join(scratch, `other-${turn}`));
    const add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.dir, "third/other"];
    await git(repository.dir, ...add);
    // As a source distribution has it: the third party in place, with a .git that leads nowhere.
    await cp(other.dir, join(plain, "third/other"), { recursive: true, verbatimSymlinks: true });
    await rm(join(plain, "third/other/.git"), { recursive: true });
    await writeFile(join(plain, "third/other/.git"), "gitdir: ../../.git/modules/gone\n");
    await writeFile(join(plain, "PKG-INFO"), "x");
    const hash = await treeHash(plain, { only });
    expect(await treeHash(repository.dir, { only })).toBe(hash);
    for (const dir of [plain, repository.dir]) {
      await appendFile(join(dir, "run.sh"), "more\n");
      expect(await treeHash(dir, { only })).toBe(hash);
      await appendFile(join(dir, "third/other/run.sh"), "more\n");
      expect(await treeHash(dir, { only })).not.toBe(hash);
    }
  });

  test("the user's configuration, hooks and git variables have no say", async () => {
    const home = join(scratch, "home");
    await mkdir(join(home, "hooks"), { recursive: true });
    const hook = join(home, "hooks/ran");
    const script = `#!/bin/sh\ntouch ${hook}\n`;
    for (const name of ["fsmonitor", "post-index-change"]) {
      await writeFile(join(home, "hooks", name), script, { mode: 0o755 });
    }
    await writeFile(join(home, ".gitattributes"), "* filter=loud eol=crlf\n");
    await writeFile(
      join(home, ".gitconfig"),
      `[core]\n autocrlf = input\n hooksPath = ${home}/hooks\n attributesFile = ${home}/.gitattributes\n` +
        ` excludesFile = ${home}/all\n fileMode = false\n[filter "loud"]\n clean = tr a-z A-Z\n`,
    );
    await writeFile(join(home, "all"), "*\n");
    await git(repository.dir, "config", "core.fsmonitor", join(home, "hooks/fsmonitor"));
    vi.stubEnv("HOME", home);
    vi.stubEnv("XDG_CONFIG_HOME", home);
    vi.stubEnv("GIT_DIR", join(scratch, "nowhere"));
    vi.stubEnv("GIT_INDEX_FILE", join(scratch, "nowhere/index"));
    vi.stubEnv("GIT_DEFAULT_HASH", "sha256");
    expect(await treeHash(repository.dir)).toBe(repository.tree);
    expect(await treeHash(plain)).toBe(repository.tree);
    await expect(stat(hook)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("writes nothing to the folder", async () => {
    const list = async () => {
      const names = (await readdir(repository.dir, { recursive: true })).toSorted();
      return Promise.all(names.map(async (name) => `${name} ${(await stat(join(repository.dir, name))).mtimeMs}`));
    };
    const before = await list();
    await treeHash(repository.dir);
    expect(await list()).toEqual(before);
  });

  test("without git it says how to get it", async () => {
    vi.stubEnv("PATH", scratch);
    await expect(treeHash(plain)).rejects.toMatchObject({
      code: "CORRAL_TOOL_MISSING",
      message: expect.stringContaining("apt-get install -y git"),
      facts: { missing: ["git"] },
    });
  });

  test("stops with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(treeHash(plain, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
