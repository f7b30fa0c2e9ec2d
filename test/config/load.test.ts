import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { nearest } from "../../src/config/nearest.ts";
import { resolveGatewayOptions, resolvePoolOptions } from "../../src/config/resolve.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "corral-config-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function file(text: string, name = "corral.yaml"): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

describe("precedence", () => {
  test("nothing given: one echo model and the defaults", async () => {
    const { gateway, pools, origins } = await loadConfig({ env: {} });
    expect(gateway).toMatchObject({ host: "127.0.0.1", port: 8080, apiKeys: [], logLevel: "info" });
    expect(pools).toMatchObject([{ source: "echo", workers: "auto" }]);
    expect(origins).toEqual({});
  });

  test("flag > environment > file > default, option by option, each with its origin", async () => {
    const path = await file(
      "host: 0.0.0.0\nport: 1111\nbodyLimit: 10\nmodels:\n  a:\n    workers: 1\n    threads: 1\n    slots: 1\n",
    );
    const env = { CORRAL_PORT: "2222", CORRAL_BODY_LIMIT: "20", CORRAL_THREADS: "2", CORRAL_SLOTS: "2" };
    const config = await loadConfig({ file: path, env, flags: { bodyLimit: "30", slots: "3", workers: undefined } });
    expect(config.gateway).toMatchObject({ host: "0.0.0.0", port: 2222, bodyLimit: 30 });
    expect(config.pools).toMatchObject([{ name: "a", workers: 1, threads: 2, slots: 3, context: "auto" }]);
    expect(config.origins).toEqual({
      host: { kind: "file", name: `${path}: host` },
      port: { kind: "environment", name: "CORRAL_PORT" },
      bodyLimit: { kind: "flag", name: "--body-limit" },
      "models.a.workers": { kind: "file", name: `${path}: models.a: workers` },
      "models.a.threads": { kind: "environment", name: "CORRAL_THREADS" },
      "models.a.slots": { kind: "flag", name: "--slots" },
    });
  });

  test("CORRAL_CONFIG names the file, and --config wins over it", async () => {
    const one = await file("port: 1", "one.yaml");
    const two = await file('{"port": 2}', "two.json");
    expect((await loadConfig({ env: { CORRAL_CONFIG: one } })).gateway.port).toBe(1);
    expect((await loadConfig({ env: { CORRAL_CONFIG: one }, file: two })).gateway.port).toBe(2);
  });
});

describe("texts", () => {
  test.each([
    [{ CORRAL_WORKERS: "auto" }, { workers: "auto" }],
    [{ CORRAL_WORKERS: "3" }, { workers: 3 }],
    [{ CORRAL_REPACK: "false" }, { repack: false }],
    [{ CORRAL_NAME: "123" }, { name: "123" }],
    [{ CORRAL_MODEL: "a,b.gguf" }, { source: "a,b.gguf" }],
    [{ CORRAL_ARGS: "--temp, 0.5" }, { args: ["--temp", "0.5"] }],
    [{ CORRAL_WORKERS: "" }, { workers: "auto" }],
  ])("%j is %j", async (env, expected) => {
    expect((await loadConfig({ env })).pools[0]).toMatchObject(expected);
  });
});

describe("models", () => {
  test("several of them are several pools; a path is relative to the file", async () => {
    const path = await file("models:\n  a: { model: ./x.gguf }\n  b:\n  c: { model: /abs.gguf, name: other }\n");
    const { pools } = await loadConfig({ file: path, env: {} });
    expect(pools.map(({ name, source }) => [name, source])).toEqual([
      ["a", join(dir, "x.gguf")],
      ["b", "echo"],
      ["other", "/abs.gguf"],
    ]);
  });

  test("a flag for one of several models is refused", async () => {
    const path = await file("models: { a: {}, b: {} }");
    await expect(loadConfig({ file: path, env: {}, flags: { workers: "2" } })).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
      message: expect.stringMatching(/--workers is about one model.*names 2.*models\.NAME/),
    });
  });

  test("two of one name are refused", async () => {
    const path = await file("models: { a: {}, b: { name: a } }");
    await expect(loadConfig({ file: path, env: {} })).rejects.toThrow(/named "a"/);
  });
});

describe("mistakes are named with their place, their value and what is allowed", () => {
  test.each([
    ["prot: 1", /corral\.yaml: "prot" is not known\. Did you mean "port"\?/],
    ["port: hello", /corral\.yaml: "port" is "hello"\. It must be a number\./],
    ["port: 70000", /"port" is 70000\. It must be at most 65535\./],
    ["logLevel: loud", /It must be "silent" or "error" or/],
    ["models:\n  a: { wrokers: 2 }", /models\.a: "wrokers" is not known\. Did you mean "workers"\?/],
    ["models:\n  a: { workers: 1.5 }", /models\.a: "workers" is 1\.5\. It must be a whole number or "auto"\./],
    ["models: 5", /models must be a mapping/],
    ["- 1", /must be a mapping/],
    ["a: [", /neither YAML nor JSON at line 1/],
    ["entirelyelse: 1", /is not known\. Known are: listen, host, port/],
  ])("%j", async (text, message) => {
    const path = await file(text);
    await expect(loadConfig({ file: path, env: {} })).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
      message: expect.stringMatching(message),
    });
  });

  test("in flags and variables, too", async () => {
    await expect(loadConfig({ env: {}, flags: { port: "x" } })).rejects.toThrow(/flag "--port" is "x"\. It must be/);
    await expect(loadConfig({ env: { CORRAL_WORKERS: "0" } })).rejects.toThrow(
      /environment variable "CORRAL_WORKERS" is "0"\. It must be more than 0/,
    );
  });

  test("a file that isn't there", async () => {
    await expect(loadConfig({ env: {}, file: join(dir, "none.yaml") })).rejects.toThrow(/none\.yaml can't be read/);
  });

  test("a key is never shown", () => {
    const options = { apiKeys: ["sesame", ""] };
    expect(() => resolveGatewayOptions(options)).toThrow(/\(not shown\)/);
    expect(() => resolveGatewayOptions(options)).not.toThrow(/sesame/);
  });

  test("in what a caller writes", () => {
    expect(() => resolvePoolOptions({ thread: 2 } as never)).toThrow(/pool option "thread".*"threads"/);
    expect(() => resolvePoolOptions({ slots: "many" } as never)).toThrow(/"slots" is "many"/);
  });
});

describe("API keys from a file", () => {
  test("one a line, added to those given", async () => {
    const keys = await file("# for the team\nalpha\n\n  beta  \n", "keys");
    const config = await loadConfig({ env: { CORRAL_API_KEYS: "zero" }, flags: { apiKeyFile: keys } });
    expect(config.gateway.apiKeys).toEqual(["zero", "alpha", "beta"]);
  });

  test("a file without a key does not open the door", async () => {
    const keys = await file("# nothing yet\n", "empty");
    await expect(loadConfig({ env: { CORRAL_API_KEY_FILE: keys } })).rejects.toThrow(/holds no key/);
  });
});

describe("nearest", () => {
  test.each([
    ["prot", ["port", "host"], "port"],
    ["drain-timeout", ["drainTimeout", "bodyTimeout"], "drainTimeout"],
    ["xyz", ["port", "host"], undefined],
    ["", ["port"], undefined],
  ])("%j among %j is %j", (word, known, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});
