import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { Problem } from "../../src/config/problem.ts";
import { CorralError } from "../../src/errors.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/config/broken");

/** File, then each problem: where (another file's name if it is another), key, remedy. */
const CORPUS: Record<string, [place: string, key: string, remedy: RegExp][]> = {
  "misspelt-option.yaml": [
    ["4:5", "models.qwen.worksers", /"models\.qwen\.worksers" is not known\. Did you mean "workers"\?/],
  ],
  "misspelt-at-top.yaml": [["2:1", "prot", /Did you mean "port"\?/]],
  "wrong-group.yaml": [
    ["2:1", "bodyLimit", /"bodyLimit" is not known\. It belongs under limits\.$/],
    ["3:1", "workers", /It belongs under models\.NAME\.$/],
    ["6:5", "models.qwen.memory", /It belongs under limits\.$/],
  ],
  "flag-name.yaml": [["1:1", "logLevel", /In a file it is "logging\.level"\./]],
  "snake-case.yaml": [["2:3", "limits.body_limit", /Did you mean "bodyLimit"\?/]],
  "wrong-values.yaml": [
    ["1:1", "port", /"port" is 70000\. It must be at most 65535\./],
    ["3:3", "limits.bodyTimeout", /is "30s"\. It must be a number\./],
    ["4:3", "limits.memory", /is "plenty"\. It must be a number of bytes or a size like "512MiB" or "auto"\./],
    ["6:3", "logging.level", /is "loud"\. It must be "silent" or "error" or "warn" or "info" or "debug"\./],
    ["9:5", "models.qwen.workers", /is "many"\. It must be a number or "auto"\./],
    ["10:5", "models.qwen.threads", /is 1\.5\. It must be a whole number or "auto"\./],
    ["11:5", "models.qwen.args", /is "--temp 0\.5"\. It must be a list\./],
  ],
  "each-other.yaml": [["3:5", "models.qwen.minWorkers", /is 3\. It must be at most maxWorkers\./]],
  "bad-address.yaml": [["3:5", "listen[1]", /is "unix:run\/http\.sock"\. It must be "unix:" and an absolute path\./]],
  "address-twice.yaml": [["1:1", "listen", /named once: 127\.0\.0\.1:8080 is there twice\./]],
  "key-twice.yaml": [["4:3", "limits.jsonDepth", /is there twice, before at line 3\. Correct it there\./]],
  "not-yaml.yaml": [["2:1", "", /no YAML: .+ Correct it there\./]],
  "tabs.yaml": [["2:1", "", /Tabs are not allowed as indentation\. Correct it there\./]],
  "a-list.yaml": [["", "", /The file must be a mapping of options to values, like "port: 8080"\./]],
  "models-as-list.yaml": [["1:1", "models", /is \["qwen"\]\. It must be a mapping of names to options\./]],
  "two-sources.yaml": [["4:5", "models.qwen.model", /another name of "source", .* Leave one of them out\./]],
  "secret.yaml": [["3:5", "apiKeys[1]", /"apiKeys\[1\]" is \(not shown\)\. It must be a text\./]],
  "alias-taken.yaml": [["5:5", "models.llama.aliases[0]", /is "gpt", which model "qwen" is called\. Give each a name/]],
  "missing-include.yaml": [["3:5", "include[1]", /missing\.yaml can't be read \(ENOENT\)\. Check its path/]],
  "circle.yaml": [
    [
      "circle-back.yaml:2:11",
      "include[0]",
      /in a circle: \S+circle\.yaml -> \S+circle-back\.yaml -> \S+circle\.yaml\. Leave/,
    ],
  ],
  "twice-over-files.yaml": [
    ["twice-there.yaml:2:3", "models.qwen", /is set here and at \S+twice-over-files\.yaml:4\. Leave one of them out\./],
    ["twice-there.yaml:4:1", "port", /"port" is set here and at \S+twice-over-files\.yaml:2\. Leave one of them out\./],
  ],
  "no-keys.yaml": [["2:1", "apiKeyFile", /empty-keys holds no key\. Write one key a line\./]],
  "unit.toml": [
    ["4:1", "limits.bodyLimit", /is "32 megs"\. It must be a number of bytes or a size like "512MiB"\./],
    ["8:1", "models.qwen.worker", /Did you mean "workers"\?/],
  ],
  "not-toml.toml": [["2:19", "", /no TOML: .+ Correct it there\./]],
  "inline.toml": [
    ["1:1", "text", /Known at the top of the file are: \$schema, listen, /],
    ["4:1", "logging.level", /is "loud"\. It must be "silent"/],
  ],
  "trailing.json": [["6:1", "", /no JSON: .+ Correct it there\./]],
  "value.json": [
    ["2:2", "listen", /is "localhost"\. It must be HOST:PORT, a port, "unix:\/PATH" or "systemd" or a list\./],
    ["4:13", "models.qwen.slots", /is 0\. It must be more than 0\./],
  ],
  "corral.conf": [["", "", /Its name must end in \.yaml, \.yml, \.json, \.toml: rename it\./]],
};

/** Included by others, or no configuration. */
const PARTS = ["circle-back.yaml", "twice-there.yaml", "empty-keys"];

async function refused(name: string): Promise<CorralError> {
  const error = await loadConfig({ file: join(FOLDER, name), env: {} }).catch((reason: unknown) => reason);
  if (error instanceof CorralError) return error;
  throw new Error(`${name} was not refused`, { cause: error });
}

test.each(Object.entries(CORPUS))("%s: every problem has its line, its key and its remedy", async (name, expected) => {
  const error = await refused(name);
  expect(error.code).toBe("CORRAL_BAD_OPTION");
  const problems = error.facts.problems as Problem[];
  expect(
    problems.map(({ file, line, column, key, message }) => [file && basename(file), line, column, key, message]),
  ).toEqual(
    expected.map(([place, key, remedy]) => {
      const [, file = name, line, column] = /^(?:([a-z].*?):)?(\d+):(\d+)$/.exec(place) ?? [];
      return [file, line ? Number(line) : null, column ? Number(column) : null, key, expect.stringMatching(remedy)];
    }),
  );
  for (const { message } of problems) expect(error.message).toContain(message);
  expect(error.message).not.toContain("sesame");
});

test("each file of the corpus is one of these", () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...Object.keys(CORPUS), ...PARTS].sort());
});
