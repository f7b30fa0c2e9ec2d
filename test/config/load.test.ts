import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig, usualConfigFiles } from "../../src/config/load.ts";
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
    const { gateway, models, origins } = await loadConfig({ env: {} });
    expect(gateway).toMatchObject({ host: "127.0.0.1", port: 8080, apiKeys: [], logLevel: "info" });
    expect(models).toMatchObject([{ name: "echo", source: "echo", workers: "auto" }]);
    expect(origins).toEqual({});
  });

  test("flag > environment > file > default, option by option, each with its origin", async () => {
    const path = await file(
      "host: 0.0.0.0\nport: 1111\nlimits:\n  bodyLimit: 10\nmodels:\n  a:\n    workers: 1\n    threads: 1\n    slots: 1\n",
    );
    const env = { CORRAL_PORT: "2222", CORRAL_BODY_LIMIT: "20", CORRAL_THREADS: "2", CORRAL_SLOTS: "2" };
    const config = await loadConfig({ file: path, env, flags: { bodyLimit: "30", slots: "3", workers: undefined } });
    expect(config.gateway).toMatchObject({ host: "0.0.0.0", port: 2222, bodyLimit: 30 });
    expect(config.models).toMatchObject([{ name: "a", workers: 1, threads: 2, slots: 3, context: "auto" }]);
    expect(config.origins).toEqual({
      host: { kind: "file", name: path, line: 1, column: 1 },
      port: { kind: "environment", name: "CORRAL_PORT" },
      "limits.bodyLimit": { kind: "flag", name: "--body-limit" },
      "models.a.workers": { kind: "file", name: path, line: 7, column: 5 },
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

describe("listen, host and port", () => {
  const at = (host: string, port: number) => ({ kind: "tcp", host, port });

  test.each([
    ["nothing", "", {}, {}, [at("127.0.0.1", 8080)]],
    ["a file's address", "listen: '[::1]:1'", {}, {}, [at("::1", 1)]],
    ["a port by flag wins over a file", "listen: [systemd, 1]", {}, { port: "2" }, [at("127.0.0.1", 2)]],
    ["with the file's host", "host: ::1\nport: 1", {}, { port: "2" }, [at("::1", 2)]],
    ["a host by variable wins over a file", "listen: 1", { CORRAL_HOST: "::1" }, {}, [at("::1", 8080)]],
    [
      "not over a flag",
      "",
      { CORRAL_PORT: "1" },
      { listen: ["2", "unix:/x"] },
      [at("127.0.0.1", 2), { kind: "unix", path: "/x" }],
    ],
    ["nor over one from the same place", "listen: 1\nport: 2", {}, {}, [at("127.0.0.1", 1)]],
    ["a list in a variable", "port: 2", { CORRAL_LISTEN: "1, systemd" }, {}, [at("127.0.0.1", 1), { kind: "systemd" }]],
  ])("%s", async (_, text, env, flags, listen) => {
    const path = await file(text);
    const config = await loadConfig({ file: path, env, flags });
    expect(config.gateway.listen).toEqual(listen);
  });

  test("nonsense is refused with what is allowed", async () => {
    await expect(loadConfig({ env: { CORRAL_LISTEN: "1,nonsense" } })).rejects.toThrow(
      /environment variable "CORRAL_LISTEN" is "1,nonsense"\. It must be HOST:PORT/,
    );
  });
});

describe("usual places", () => {
  test("are looked at where neither a file nor a model is named", async () => {
    const path = await file("port: 1", "usual.yaml");
    const places = [join(dir, "none.yaml"), path, await file("port: 2", "later.yaml")];
    const portOf = async (env: NodeJS.ProcessEnv, flags = {}) =>
      (await loadConfig({ env, flags, places })).gateway.port;
    expect(await portOf({})).toBe(1);
    expect(await portOf({}, { model: "echo" })).toBe(8080);
    expect(await portOf({ CORRAL_MODEL: "echo" })).toBe(8080);
    expect(await portOf({ CORRAL_CONFIG: await file("port: 3", "named.yaml") })).toBe(3);
  });

  test("are the user's, then the system's", () => {
    const system = "/etc/corral/corral.yaml";
    expect(usualConfigFiles({ XDG_CONFIG_HOME: "/x", HOME: "/h" })).toEqual(["/x/corral/corral.yaml", system]);
    expect(usualConfigFiles({ HOME: "/h" })).toEqual(["/h/.config/corral/corral.yaml", system]);
    expect(usualConfigFiles({})).toEqual([system]);
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
    expect((await loadConfig({ env })).models[0]).toMatchObject(expected);
  });
});

describe("models", () => {
  test("several of them are several pools; a path is relative to the file", async () => {
    const path = await file("models:\n  a: { model: ./x.gguf }\n  b:\n  c: { model: /abs.gguf, name: other }\n");
    const { models } = await loadConfig({ file: path, env: {} });
    expect(models.map(({ name, source }) => [name, source])).toEqual([
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

  test.each([
    ["models:\n  a: {}\n  b: { name: a }", 3, '"models.b.name" is "a", which model "a" is called'],
    ["models:\n  a: { aliases: [x] }\n  b:\n    aliases: [y, x]", 4, '"models.b.aliases[1]" is "x"'],
    ["models:\n  a: { aliases: [b] }\n  b:", 3, '"models.b.name" is "b", which model "a" is called'],
  ])("a name is one model's: not %j", async (text, line, message) => {
    const path = await file(text);
    const told = `${path}:${line}:`;
    await expect(loadConfig({ file: path, env: {} })).rejects.toThrow(told);
    await expect(loadConfig({ file: path, env: {} })).rejects.toThrow(message);
  });

  test("what is the front's, too, is meant for all of them", async () => {
    const path = await file("models: { a: {}, b: { drainTimeout: 5 } }");
    const config = await loadConfig({ file: path, env: { CORRAL_DRAIN_TIMEOUT: "7" } });
    expect([config.gateway, ...config.models].map(({ drainTimeout }) => drainTimeout)).toEqual([7, 7, 7]);
  });
});

describe("mistakes", () => {
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

  test("in the folder of a service's credentials", async () => {
    await file("alpha", "keys");
    const path = await file("apiKeyFile: $CREDENTIALS_DIRECTORY/keys");
    const config = await loadConfig({ file: path, env: { CREDENTIALS_DIRECTORY: dir } });
    expect(config).toMatchObject({ gateway: { apiKeys: ["alpha"] }, apiKeyFile: "$CREDENTIALS_DIRECTORY/keys" });
    await expect(loadConfig({ file: path, env: {} })).rejects.toThrow(`${path}:1:1: The API key file $CREDENTIALS`);
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
