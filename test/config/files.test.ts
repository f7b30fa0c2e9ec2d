import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readToml } from "../../src/config/toml.ts";
import { readYaml } from "../../src/config/yaml.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/config/good");
const load = (name: string) => loadConfig({ file: join(FOLDER, name), env: {} });

describe("one shape in three formats", () => {
  test("YAML", async () => {
    const { gateway, corral, models } = await load("corral.yaml");
    expect(gateway).toMatchObject({
      listen: [
        { kind: "tcp", host: "127.0.0.1", port: 8080 },
        { kind: "unix", path: "/run/corral/http.sock" },
        { kind: "systemd" },
      ],
      apiKeys: ["alpha"],
      bodyLimit: 1024 ** 2,
      logContent: true,
    });
    expect(corral).toEqual({ memory: 2 * 1024 ** 3, dwellTime: 10_000, roomTimeout: 5_000 });
    expect(models).toMatchObject([
      {
        name: "qwen",
        source: join(FOLDER, "qwen.gguf"),
        aliases: ["gpt-4o-mini", "gpt-4o"],
        group: "big",
        start: "lazy",
        workers: 2,
        repack: false,
        args: ["--temp", "0.5"],
      },
      { name: "a.b", source: "echo", start: "eager" },
    ]);
  });

  test.each(["corral.toml", "corral.json"])("%s says the same", async (name) => {
    const [{ files, origins, ...config }, yaml] = await Promise.all([load(name), load("corral.yaml")]);
    expect(yaml).toMatchObject(config);
    expect(files).toEqual([join(FOLDER, name)]);
    expect(Object.keys(origins).sort()).toEqual(Object.keys(yaml.origins).sort());
  });

  test.each([
    ["corral.yaml", { listen: 2, "limits.memory": 6, "models.qwen.args": 18 }],
    ["corral.toml", { listen: 1, "limits.memory": 11, "models.qwen.args": 21 }],
    ["corral.json", { listen: 3, "limits.memory": 5, "models.qwen.args": 15 }],
  ])("%s: each value knows its line", async (name, lines) => {
    const { origins } = await load(name);
    for (const [key, line] of Object.entries(lines)) expect(origins[key]).toMatchObject({ kind: "file", line });
  });
});

test.each([
  ["a header and keys", "[a.b]\n c = 1", ["a", "b", "c"], { line: 2, column: 2 }],
  ["dots and quotes", "a . \"b c\" . 'd' = 1", ["a", "b c", "d"], { line: 1, column: 1 }],
  ["a text that looks like keys", 'x = """\na = 1\n"""\na = 2', ["a"], { line: 4, column: 1 }],
  ["an end in a text", "x = '''\n# ''' # [\na = 2", ["a"], { line: 3, column: 1 }],
  ["a list that looks like headers", 'x = [\n  ["a"],\n]\n[a]', ["a"], { line: 4, column: 1 }],
  ["brackets in a text and a comment", 'x = "[" # {\na = 2', ["a"], { line: 2, column: 1 }],
  ["a key in an inline table", "a = 1\nb = { c = 2 }", ["b", "c"], { line: 2, column: 1 }],
])("a place in TOML: %s", (_, text, path, place) => {
  const content = readToml(text);
  expect(content.kind === "read" && content.places.of(path)).toEqual(place);
});

test("YAML's anchors and merge keys: what is merged stands where it is merged to", () => {
  const content = readYaml("models:\n  a: &big { workers: 2, slots: 1 }\n  b:\n    <<: *big\n    slots: 4\n");
  expect(content).toMatchObject({ kind: "read", value: { models: { b: { workers: 2, slots: 4 } } } });
  const places = content.kind === "read" ? content.places : null;
  expect(places?.of(["models", "b", "slots"])).toEqual({ line: 5, column: 5 });
  expect(places?.of(["models", "b", "workers"])).toEqual({ line: 3, column: 3 });
});

test.each([
  ["an anchor that isn't there", "a: *b", /Unresolved alias/],
  ["too many of them", `a: &a [x]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]`, /alias count/],
  ["two documents", "a: 1\n---\nb: 2", /multiple documents/],
])("no YAML: %s", (_, text, why) => {
  expect(readYaml(text)).toMatchObject({ kind: "broken", why: expect.stringMatching(why) });
});

describe("include", () => {
  test("models and keys of all files come together, each relative to its own", async () => {
    const { models, corral, files } = await load("including.yaml");
    expect(models.map(({ name, source }) => [name, source])).toEqual([
      ["own", "echo"],
      ["qwen", join(FOLDER, "qwen.gguf")],
      ["llama", join(FOLDER, "models.d/llama.gguf")],
    ]);
    expect(corral).toMatchObject({ dwellTime: 1, roomTimeout: 2 });
    const names = ["including.yaml", "models.d/10-qwen.yaml", "models.d/20-llama.yaml", "limits.toml"];
    expect(files).toEqual(names.map((name) => join(FOLDER, name)));
  });
});
