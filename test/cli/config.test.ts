import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { configCommand } from "../../src/cli/config.ts";
import { serveCommand } from "../../src/cli/serve.ts";
import { loadConfig } from "../../src/index.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "corral-config-command-"));
});
afterAll(() => rm(dir, { recursive: true }));

beforeEach(() => {
  // This machine's own configuration is not what is tested.
  for (const name of ["CORRAL_CONFIG", "CORRAL_MODEL"]) vi.stubEnv(name, "");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

async function file(text: string, name = "corral.yaml"): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

/** What the command prints. */
async function corralConfig(...args: string[]): Promise<string> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  await configCommand().parseAsync(args, { from: "user" });
  return printed.join("");
}

describe("corral config check", () => {
  test("counts what is right", async () => {
    await file("models: { small: , large: }", "more.yaml");
    const path = await file("include: more.yaml\nmodels:\n  qwen: { source: echo }\n");
    expect(await corralConfig("check", "--config", path)).toBe("3 models, 2 files: all right\n");
    expect(process.exitCode).toBeUndefined();
  });

  test("says each problem in a line, with exit code 2", async () => {
    const path = await file("prot: 1\nlimits:\n  jsonDepth: deep\n");
    expect(await corralConfig("check", "--config", path)).toBe(
      `${path}:1:1: "prot" is not known. Did you mean "port"?\n` +
        `${path}:3:3: "limits.jsonDepth" is "deep". It must be a number.\n` +
        "2 problems\n",
    );
    expect(process.exitCode).toBe(2);
  });

  test("knows models that aren't there, or are no file", async () => {
    const path = await file("models:\n  a:\n    source: none.gguf\n  b:\n    source: .\n  echo: {}\n");
    const printed = await corralConfig("check", "--config", path);
    expect(printed).toContain(`${path}:3:5: "models.a.source" is "${dir}/none.gguf". It does not exist`);
    expect(printed).toContain(`${path}:5:5: "models.b.source" is "${dir}". That is no file`);
    expect(printed).toMatch(/\n2 problems\n$/);
    expect(process.exitCode).toBe(2);
  });

  test("knows what only a plan shows: flags that are corral's own, a model that is none", async () => {
    await file("no model", "broken.gguf");
    const path = await file("models:\n  a:\n    args: [--port, '1']\n  b:\n    source: broken.gguf\n  c: {}\n");
    const printed = await corralConfig("check", "--config", path);
    expect(printed).toMatch(new RegExp(`^${path}:3:5: models.a: .*--port`));
    expect(printed).toMatch(new RegExp(`\n${path}:5:5: models.b: .*broken.gguf`));
    expect(printed).toMatch(/\n2 problems\n$/);
  });

  test("prints JSON", async () => {
    const path = await file("workers: 2");
    expect(JSON.parse(await corralConfig("check", "--config", path, "--json"))).toMatchObject({
      problems: [{ file: path, line: 1, column: 1, key: "workers", message: expect.stringContaining("models.NAME") }],
    });
    expect(process.exitCode).toBe(2);
  });

  test("says where it looked for a file", async () => {
    vi.stubEnv("XDG_CONFIG_HOME", join(dir, "nowhere"));
    await expect(corralConfig("check", "--config", join(dir, "none.yaml"))).resolves.toMatch(
      /none\.yaml can't be read/,
    );
    await file("port: 1\n");
    vi.stubEnv("CORRAL_CONFIG", join(dir, "corral.yaml"));
    expect(await corralConfig("check")).toBe("1 model, 1 file: all right\n");
  });
});

describe("corral config print", () => {
  test("says for each value where it came from, of all four sources", async () => {
    const path = await file(
      "limits:\n  jsonDepth: 7\n  bodyLimit: 1MiB\nmodels:\n  qwen:\n    slots: 2\n    threads: 1\n",
    );
    vi.stubEnv("CORRAL_BODY_TIMEOUT", "5");
    vi.stubEnv("CORRAL_SLOTS", "3");
    const printed = await corralConfig("print", "--config", path, "--show-origin", "--port", "9000", "--log-content");
    const lines = printed.split("\n").map((line) => line.replace(/ +# /, " # "));
    expect(lines).toEqual(
      expect.arrayContaining([
        `# from ${path}`,
        "host: 127.0.0.1 # default",
        "port: 9000 # flag --port",
        `  jsonDepth: 7 # file ${path}:2`,
        `  bodyLimit: 1048576 # file ${path}:3`,
        "  bodyTimeout: 5 # environment CORRAL_BODY_TIMEOUT",
        "  content: true # flag --log-content",
        "  qwen:",
        "    slots: 3 # environment CORRAL_SLOTS",
        `    threads: 1 # file ${path}:7`,
        "    workers: auto # default",
      ]),
    );
  });

  test("is a configuration file that says the same", async () => {
    const path = await file(
      "listen: ['[::1]:1', systemd]\nmodels:\n  'a.b c': { args: ['--x', 'y: 1'], aliases: [z] }\n  b:\n",
    );
    const again = await file(await corralConfig("print", "--config", path), "again.yaml");
    const [before, after] = await Promise.all([path, again].map((each) => loadConfig({ file: each, env: {} })));
    for (const key of ["gateway", "corral", "models"] as const) expect(after?.[key]).toEqual(before?.[key]);
  });

  test("shows no key", async () => {
    const path = await file("apiKeys: [sesame]\n");
    const printed = await corralConfig("print", "--config", path, "--show-origin");
    expect(parse(printed)).toMatchObject({ apiKeys: ["(not shown)"] });
    expect(printed + (await corralConfig("print", "--config", path, "--json"))).not.toContain("sesame");
  });

  test("prints JSON, with origins or without", async () => {
    const path = await file("port: 1\n");
    expect(JSON.parse(await corralConfig("print", "--config", path, "--json"))).toMatchObject({
      port: 1,
      limits: { jsonDepth: 64 },
      models: { echo: { source: "echo" } },
    });
    expect(JSON.parse(await corralConfig("print", "--config", path, "--json", "--show-origin"))).toMatchObject({
      port: { value: 1, origin: { kind: "file", name: path, line: 1 } },
      limits: { jsonDepth: { value: 64, origin: { kind: "default" } } },
    });
  });

  test("takes what corral serve takes", () => {
    const flagsOf = (command = serveCommand()) => command.options.map(({ long }) => long);
    const print = configCommand().commands.find((command) => command.name() === "print");
    expect(flagsOf(print)).toEqual(expect.arrayContaining(flagsOf()));
    expect(flagsOf()).toEqual(expect.arrayContaining(["--listen", "--memory", "--log-level", "--scale-up-delay"]));
    expect(flagsOf()).not.toContain("--api-keys");
  });

  test("takes an address several times, and several of them at once", async () => {
    const printed = await corralConfig("print", "--listen", "1,unix:/x", "--listen", "systemd");
    expect(parse(printed)).toMatchObject({ listen: ["127.0.0.1:1", "unix:/x", "systemd"] });
  });
});

test("corral config schema is the repository's", async () => {
  const schema = JSON.parse(await corralConfig("schema"));
  expect(schema).toMatchObject({ type: "object", additionalProperties: false });
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["listen", "limits", "models", "include"]));
});
