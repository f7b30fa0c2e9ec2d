import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cCandidates, cxxCandidates, describeCompiler, isOlder, versionIn } from "../../build-scripts/compiler.ts";
import { installCommand, installHint, systemOf } from "../../build-scripts/install-hint.ts";
import { checkTools, findToolchain } from "../../build-scripts/toolchain.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "corral-tools-"));
});
afterAll(() => rm(scratch, { recursive: true }));

let turn = 0;
/** A PATH with only these programs, each printing its text for --version and a target for -dumpmachine. */
async function pathWith(programs: Record<string, string>): Promise<string> {
  turn += 1;
  const folder = join(scratch, `bin-${turn}`);
  await mkdir(folder);
  for (const [name, said] of Object.entries(programs)) {
    const script = `#!/bin/sh\n[ "$1" = -dumpmachine ] && echo x86_64-linux-gnu && exit\necho '${said}'\n`;
    await writeFile(join(folder, name), script);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

async function rootWith(release: string): Promise<string> {
  turn += 1;
  const root = join(scratch, `root-${turn}`);
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/os-release"), release);
  return root;
}

const gcc = "g++ (Debian 12.2.0-14) 12.2.0\nCopyright (C) 2022 Free Software Foundation, Inc.";
const clang = "Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu";
const tools = { "c++": gcc, cc: gcc, cmake: "cmake version 3.25.1", ninja: "1.11.1", git: "git version 2.39.5" };

describe("pip", () => {
  const pip = "pip 23.2.1 from /x/site-packages/pip (python 3.11)";
  const pipOf = async (programs: Record<string, string>) => {
    const root = await rootWith("ID=debian\n");
    const checks = await checkTools({ env: { PATH: await pathWith({ ...tools, ...programs }) }, root });
    return checks.find(({ name }) => name === "pip");
  };

  test("is found by any of its names, and is never essential", async () => {
    for (const name of ["pip3", "pip", "python3"]) {
      expect(await pipOf({ [name]: pip })).toMatchObject({ essential: false, found: { version: "23.2.1" } });
    }
    expect(await pipOf({})).toMatchObject({ essential: false, found: null, problem: "not found" });
  });

  test("whose wrapper leads nowhere is passed over", async () => {
    expect(await pipOf({ pip3: "pyenv: pip3: command not found", python3: pip })).toMatchObject({
      found: { version: "23.2.1" },
    });
  });
});

describe("findToolchain", () => {
  test("finds the tools of this machine", async () => {
    const found = await findToolchain();
    expect(found.cxx.version).toMatch(/^\d+\.\d+/);
    expect(found.cxx.fullVersion).toContain(found.cxx.version);
    expect(found.c.target).toBe(found.cxx.target);
    expect(["gcc", "clang", "apple-clang"]).toContain(found.cxx.kind);
  });

  test("takes Ninja before Make, and Make where Ninja is missing", async () => {
    const root = await rootWith("ID=debian\n");
    const both = await pathWith({ ...tools, make: "GNU Make 4.3" });
    expect(await findToolchain({ env: { PATH: both }, root })).toMatchObject({
      generator: "Ninja",
      builder: { path: join(both, "ninja"), version: "1.11.1" },
    });
    const { ninja: _, ...others } = tools;
    const makeOnly = await pathWith({ ...others, make: "GNU Make 4.3" });
    expect(await findToolchain({ env: { PATH: makeOnly }, root })).toMatchObject({
      generator: "Unix Makefiles",
      builder: { path: join(makeOnly, "make"), version: "4.3" },
    });
    const checks = await checkTools({ env: { PATH: makeOnly }, root });
    expect(checks.find(({ name }) => name === "Ninja")).toMatchObject({ essential: false, found: null });
  });

  test("names everything that is missing at once, with one command", async () => {
    const PATH = await pathWith({ git: tools.git });
    const root = await rootWith('ID="ubuntu"\nID_LIKE=debian\n');
    const failure = await findToolchain({ env: { PATH }, root, platform: "linux" }).catch((error) => error);
    expect(failure).toMatchObject({
      code: "CORRAL_TOOL_MISSING",
      facts: { missing: ["C compiler", "C++ compiler", "CMake", "Ninja or Make"] },
    });
    expect(failure.message).toContain("Install with: sudo apt-get install -y gcc libc6-dev g++ cmake ninja-build\n");
    expect(failure.message).toContain("Alpine: apk add gcc musl-dev linux-headers g++ cmake samurai");
    expect(failure.message).toContain("macOS: xcode-select --install; brew install cmake ninja");
  });

  test("says why a tool that is there will not do", async () => {
    const root = await rootWith("ID=debian\n");
    const PATH = await pathWith({
      ...tools,
      cmake: "cmake version 3.10.2",
      "c++": "g++ (GCC) 8.5.0 20210514\nFree Software Foundation",
      cc: "",
    });
    const failure = await findToolchain({ env: { PATH }, root }).catch((error) => error);
    expect(failure.facts.missing).toEqual(["C compiler", "C++ compiler", "CMake"]);
    expect(failure.message).toContain(`${PATH}/cmake is 3.10.2, 3.14 or newer is needed`);
    expect(failure.message).toContain(`${PATH}/c++ is 8.5.0, 9 or newer is needed`);
    expect(failure.message).toContain(`${PATH}/cc does not run`);
  });

  test("obeys CC and CXX, and does not quietly take another compiler for one that is not there", async () => {
    const root = await rootWith("ID=debian\n");
    const PATH = await pathWith({ ...tools, "clang-14": clang, "clang++-14": clang });
    expect(await findToolchain({ env: { PATH, CC: "clang-14", CXX: "ccache clang++-14" }, root })).toMatchObject({
      c: { kind: "clang", path: join(PATH, "clang-14") },
      cxx: { kind: "clang", version: "14.0.6" },
    });
    const failure = await findToolchain({ env: { PATH, CXX: "g++-99" }, root }).catch((error) => error);
    expect(failure.message).toContain("CXX=g++-99 not found");
  });

  test("on Alpine the kernel's headers are wanted too", async () => {
    const root = await rootWith("ID=alpine\n");
    const env = { PATH: await pathWith(tools) };
    await expect(findToolchain({ env, root, platform: "linux" })).rejects.toMatchObject({
      facts: { missing: ["Linux headers"] },
    });
    await mkdir(join(root, "usr/include/linux"), { recursive: true });
    await writeFile(join(root, "usr/include/linux/limits.h"), "");
    await expect(findToolchain({ env, root, platform: "linux" })).resolves.toBeDefined();
  });

  test("a folder and a file without the executable bit are not programs", async () => {
    const root = await rootWith("ID=debian\n");
    const PATH = await pathWith(tools);
    await chmod(join(PATH, "git"), 0o644);
    await rm(join(PATH, "cmake"));
    await mkdir(join(PATH, "cmake"));
    await symlink("/nowhere", join(PATH, "make"));
    await expect(findToolchain({ env: { PATH }, root })).rejects.toMatchObject({
      facts: { missing: ["CMake", "git"] },
    });
  });
});

describe("compilers", () => {
  test.each([
    [gcc, "gcc", "12.2.0"],
    ["g++-14 (Homebrew GCC 14.1.0) 14.1.0\nCopyright (C) 2024 Free Software Foundation, Inc.", "gcc", "14.1.0"],
    ["g++ (GCC) 13.2.1 20230801\nCopyright (C) 2023 Free Software Foundation, Inc.", "gcc", "13.2.1"],
    ["g++ (Alpine 13.2.1_git20240309) 13.2.1 20240309\nFree Software Foundation", "gcc", "13.2.1"],
    [clang, "clang", "14.0.6"],
    ["Ubuntu clang version 18.1.3 (1ubuntu1)\nTarget: x", "clang", "18.1.3"],
    ["Apple clang version 15.0.0 (clang-1500.3.9.4)\nTarget: arm64-apple-darwin23", "apple-clang", "15.0.0"],
    ["Intel(R) oneAPI DPC++/C++ Compiler 2024.1.0 (2024.1.0.20240308)", "other", "2024.1.0"],
  ])("%s", (said, kind, version) => {
    expect(describeCompiler("/c++", said, "x\n")).toMatchObject({ kind, version, target: "x" });
  });

  test("what is no version is none", () => {
    expect(versionIn("")).toBeNull();
    expect(describeCompiler("/c++", "xcrun: error: no developer tools were found", "")).toBeNull();
  });

  test("the C compiler beside the C++ one comes first", () => {
    expect(cCandidates(undefined, "/opt/bin/g++-12")[0]).toBe("/opt/bin/gcc-12");
    expect(cCandidates(undefined, "/usr/bin/clang++")[0]).toBe("/usr/bin/clang");
    expect(cCandidates(undefined, "/usr/bin/c++")[0]).toBe("/usr/bin/cc");
    expect(cxxCandidates("/usr/bin/ccache /usr/bin/g++")).toEqual(["/usr/bin/g++"]);
  });

  test.each([
    ["3.14", "3.14", false],
    ["3.9.6", "3.14", true],
    ["4.0", "3.14", false],
    ["12.2.0", "9", false],
    ["8.5.0", "9", true],
  ])("%s older than %s: %s", (version, minimum, older) => expect(isOlder(version, minimum)).toBe(older));
});

describe("install hints", () => {
  test.each([
    ["ID=debian\n", "debian"],
    ["NAME=x\nID=linuxmint\nID_LIKE='ubuntu debian'\n", "debian"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"],
    ["ID=alpine\n", "alpine"],
    ["ID=arch\n", null],
  ])("%j is %s", async (release, system) => {
    expect(systemOf(await rootWith(release), "linux")).toBe(system);
  });

  test("a system without a release file, and macOS", () => {
    expect(systemOf(join(scratch, "nothing"), "linux")).toBeNull();
    expect(systemOf(join(scratch, "nothing"), "darwin")).toBe("macos");
  });

  test("one command for all, no package twice", () => {
    expect(installCommand(["c", "c++", "linux-headers"], "alpine")).toBe("apk add gcc musl-dev linux-headers g++");
    expect(installCommand(["cmake"], "macos")).toBe("brew install cmake");
    expect(installCommand(["git"], "macos")).toBe("xcode-select --install");
  });

  test("an unknown system gets every command", () => {
    expect(installHint(["git"], null).split("\n")).toHaveLength(5);
    expect(installHint(["git"], "fedora").split("\n")[0]).toBe("Install with: sudo dnf install -y git");
  });
});
