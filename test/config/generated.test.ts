import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readFiles } from "../../src/config/files.ts";
import { loadConfig } from "../../src/config/load.ts";
import { allKeys, configPage, exampleFile, repositoryFile, schemaFile } from "../fixtures/config-documents.ts";

describe("what the schema makes is up to date (-u writes it)", () => {
  test.each([
    ["corral.schema.json", schemaFile],
    ["corral.example.yaml", exampleFile],
    ["docs/config.md", configPage],
  ])("%s", async (name, made) => {
    await expect(made()).toMatchFileSnapshot(repositoryFile(name));
  });
});

describe("the example", () => {
  const path = repositoryFile("corral.example.yaml");

  test("says what is so without it", async () => {
    const { gateway, corral, models } = await loadConfig({ file: path, env: {} });
    expect({ gateway, corral, models }).toMatchObject(await defaults());
  });

  test("mentions every key", async () => {
    const text = readFileSync(path, "utf8");
    const { front, models } = await readFiles(path);
    expect(Object.keys(front).length + Object.keys(models.get("echo")?.layer ?? {}).length).toBeGreaterThan(40);
    const keys = allKeys().filter(([first]) => first !== "$schema");
    const missing = keys.filter(
      (key) => !new RegExp(`^${"  ".repeat(key.length - 1)}(# )?${name(key)}:`, "m").test(text),
    );
    expect(missing).toEqual([]);
    expect(keys.length).toBeGreaterThan(50);
  });
});

function name(key: readonly string[]): string {
  const last = key.at(-1) ?? "";
  return last === "*" ? "echo" : last;
}

async function defaults() {
  const { gateway, corral, models } = await loadConfig({ env: {} });
  return { gateway, corral, models };
}
