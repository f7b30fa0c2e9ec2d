import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const scripts = join(import.meta.dirname, "../../build-scripts");
const scratch = await mkdtemp(join(tmpdir(), "corral-setup-"));
afterAll(() => rm(scratch, { recursive: true }));

let turn = 0;
/** A package of the same shape as corral, whose npm, build, server and test runner are stand-ins that say their name. */
let root: string;
beforeEach(async () => {
  turn += 1;
  root = join(scratch, `package-${turn}`);
  for (const name of ["setup", "start", "test", "postinstall"]) {
    await cp(join(scripts, `${name}.mjs`), join(root, `build-scripts/${name}.mjs`));
  }
  const packages = {
    "": {},
    "node_modules/a": { version: "1.0.0" },
    "node_modules/b": { version: "1.0.0", optional: true },
  };
  await put("package.json", JSON.stringify({ type: "module", engines: { node: ">=20.19" } }));
  await put("package-lock.json", JSON.stringify({ packages }));
  await put(
    "node_modules/.package-lock.json",
    JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } }),
  );
  await put(
    "npm.js",
    `console.log("npm " + process.argv.slice(2).join(" ")); process.exit(Number(process.env.NPM_EXIT ?? 0));`,
  );
  await put("dist/.compiled", "");
  await put("dist/build-scripts/progress.js", "export const progressReporter = () => () => undefined;");
  await put(
    "dist/build-scripts/build.js",
    `export const ENGINES = ["llama", "chatglm"];
     export const ensureBuild = async ({ engine, mode }) => console.log("build " + engine + " " + mode);`,
  );
  await put("dist/src/cli/main.js", `console.log(process.argv.slice(2).join(" "));`);
  await put(
    "node_modules/vitest/vitest.mjs",
    `console.log("vitest " + process.argv.slice(2).join(" ")); process.exit(7);`,
  );
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

const run = (script: string, args: string[] = [], env: Record<string, string> = {}) =>
  execa(process.execPath, [join(root, "build-scripts", `${script}.mjs`), ...args], {
    env: { CORRAL_BUILD: "", npm_execpath: join(root, "npm.js"), ...env },
    reject: false,
  });

describe("setup", () => {
  test("does nothing, and says nothing, when all is there", async () => {
    expect(await run("setup")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });

  test.each([
    ["no node_modules", () => rm(join(root, "node_modules/.package-lock.json"))],
    [
      "another version demanded",
      () => put("package-lock.json", JSON.stringify({ packages: { "node_modules/a": { version: "2.0.0" } } })),
    ],
  ])("installs with %s", async (_, change) => {
    await change();
    expect(await run("setup")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^npm ci$/m) });
  });

  test("compiles what is newer than the last compilation, once", async () => {
    await put("src/deep/a.ts", "");
    await utimes(join(root, "dist/.compiled"), 0, 0);
    expect(await run("setup")).toMatchObject({ stdout: "npm run --silent build", exitCode: 0 });
    expect(await run("setup")).toMatchObject({ stdout: "" });
  });

  test("stops with the step that failed", async () => {
    await utimes(join(root, "dist/.compiled"), 0, 0);
    const failed = await run("start", [], { NPM_EXIT: "2" });
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("did not compile") });
    expect(failed.stdout).not.toContain("serve");
    expect((await readFile(join(root, "dist/.compiled"), "utf8")).length).toBe(0);
  });

  test.each([
    ["18.20.0", 1],
    ["20.18.3", 1],
    ["20.19.0", 0],
    ["22.0.0", 0],
  ])("Node %s ends with %i", async (version, exitCode) => {
    const code = `(await import(${JSON.stringify(join(root, "build-scripts/setup.mjs"))})).checkNode("${version}")`;
    const result = await execa(process.execPath, ["--input-type=module", "-e", code], { reject: false });
    expect(result.exitCode).toBe(exitCode);
    if (exitCode === 1) expect(result.stderr).toContain(`needs Node 20.19 or newer, and this is ${version}`);
  });
});

describe("start", () => {
  test("serves with the caller's arguments", async () => {
    expect(await run("start", ["m.gguf", "--port", "0"])).toMatchObject({
      stdout: "serve m.gguf --port 0",
      exitCode: 0,
    });
  });

  test("a signal reaches the server, and its exit code comes back", async () => {
    await put(
      "dist/src/cli/main.js",
      `process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1e9); console.log("up " + process.pid);`,
    );
    const server = run("start");
    const line = await new Promise<string>((resolve) => server.stdout.once("data", (data) => resolve(String(data))));
    expect(line.trim()).toBe(`up ${server.pid}`);
    server.kill("SIGTERM");
    expect((await server).exitCode).toBe(3);
  });
});

describe("test", () => {
  test("builds, then runs vitest with the caller's arguments, and ends as it ends", async () => {
    const { stdout, exitCode } = await run("test", ["-t", "name"]);
    expect(stdout.split("\n")).toEqual(["build llama require", "build chatglm require", "vitest run -t name"]);
    expect(exitCode).toBe(7);
  });

  test("does not run the tests without an engine", async () => {
    await put(
      "dist/build-scripts/build.js",
      `export const ENGINES = ["llama"]; export const ensureBuild = () => Promise.reject(new Error("no compiler"));`,
    );
    const { stdout, stderr, exitCode } = await run("test");
    expect(stdout).toBe("");
    expect(stderr).toContain("no compiler");
    expect(exitCode).toBe(1);
  });
});

describe("postinstall", () => {
  const failing = `export const ensureBuild = () => Promise.reject(new Error("no compiler"));`;

  test.each([
    ["auto", "", "build llama auto\nbuild chatglm auto"],
    ["skip", "", ""],
    ["require", "", "build llama require\nbuild chatglm require"],
    ["sometimes", "CORRAL_BUILD=sometimes is not one of auto, skip, require", ""],
  ])("CORRAL_BUILD=%s in an installed package", async (mode, stderr, stdout) => {
    const result = await run("postinstall", [], { CORRAL_BUILD: mode });
    expect(result).toMatchObject({ exitCode: 0, stdout, stderr: expect.stringContaining(stderr) });
  });

  test.each([
    ["auto", 0],
    ["require", 1],
  ])("when the build fails, %s ends with %i and one message", async (mode, exitCode) => {
    await put("dist/build-scripts/build.js", failing);
    const result = await run("postinstall", [], { CORRAL_BUILD: mode });
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr.match(/no compiler/g)).toHaveLength(1);
  });

  test.each(["auto", "require"])("%s goes on, and says so, where only the second engine fails", async (mode) => {
    await put(
      "dist/build-scripts/build.js",
      `export const ensureBuild = async ({ engine }) => {
         if (engine === "chatglm") throw new Error("no source");
         console.log("build " + engine);
       };`,
    );
    const result = await run("postinstall", [], { CORRAL_BUILD: mode });
    expect(result).toMatchObject({ exitCode: 0, stdout: "build llama", stderr: expect.stringMatching(/no source/) });
  });

  test("in a checkout it says one line and leaves building to the first start, unless it is required", async () => {
    await put("src/index.ts", "");
    const auto = await run("postinstall");
    expect(auto).toMatchObject({ exitCode: 0, stdout: "" });
    expect(auto.stderr.split("\n")).toHaveLength(1);
    await utimes(join(root, "dist/.compiled"), 0, 0);
    const required = await run("postinstall", [], { CORRAL_BUILD: "require" });
    expect(required.stdout.split("\n")).toEqual([
      "npm run --silent build",
      "build llama require",
      "build chatglm require",
    ]);
  });

  test("without dist it harms nothing", async () => {
    await rm(join(root, "dist"), { recursive: true });
    expect(await run("postinstall")).toMatchObject({ exitCode: 0 });
  });
});
