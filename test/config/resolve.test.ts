import { describe, expect, test } from "vitest";
import {
  resolveCorralOptions,
  resolveGatewayOptions,
  resolveModelOptions,
  resolvePoolOptions,
} from "../../src/config/resolve.ts";

describe("sizes", () => {
  test.each([
    [1024, 1024],
    ["1024", 1024],
    ["512MiB", 512 * 1024 ** 2],
    ["2 GiB", 2 * 1024 ** 3],
    ["1.5kB", 1500],
    ["3 TB", 3e12],
  ])("%j", (memory, expected) => {
    expect(resolveCorralOptions({ memory }).memory).toBe(expected);
  });

  test.each(["10 elephants", "-1", "0 MiB", "1mib", ""])("not %j", (bodyLimit) => {
    expect(() => resolveGatewayOptions({ bodyLimit })).toThrow(/"bodyLimit" is/);
  });

  test("what would do is said", () => {
    expect(() => resolveCorralOptions({ memory: "much" })).toThrow(
      'option "memory" is "much". It must be a number of bytes or a size like "512MiB" or "auto".',
    );
  });
});

describe("the source", () => {
  test("is also called model; what comes out has the one name", () => {
    for (const options of [{ model: "./x.gguf" }, { source: "./x.gguf" }]) {
      const resolved = resolvePoolOptions(options);
      expect(resolved.source).toBe("./x.gguf");
      expect(resolved).not.toHaveProperty("model");
    }
    expect(resolvePoolOptions({ model: undefined }).source).toBe("echo");
  });

  test("is given once", () => {
    expect(() => resolvePoolOptions({ model: "a", source: "b" })).toThrow(/"model" is another name of "source"/);
  });
});

describe("a model among several", () => {
  test("has its name from its key, or its own", () => {
    expect(resolveModelOptions("a", {})).toMatchObject({ name: "a", aliases: [], start: "eager", source: "echo" });
    expect(resolveModelOptions("a", { name: "b", group: "big", start: "lazy" })).toMatchObject({
      ...{ name: "b", group: "big", start: "lazy" },
    });
  });

  test("keeps what its pool's options ask of each other", () => {
    expect(() => resolveModelOptions("a", { minWorkers: 3, maxWorkers: 2 })).toThrow(
      'models.a: option "minWorkers" is 3. It must be at most maxWorkers.',
    );
  });
});
