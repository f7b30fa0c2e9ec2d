import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyCheck } from "../../src/gateway/auth.ts";
import { llamaHealth, readinessOf } from "../../src/gateway/health.ts";
import { listModels, modelFor } from "../../src/gateway/models.ts";
import { page } from "../../src/gateway/page.ts";
import { requestId } from "../../src/gateway/request-id.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

describe("request ids", () => {
  test.each(["abc", "A-b_c.9", "x".repeat(128)])("%s is kept", (id) => {
    expect(requestId(id)).toBe(id);
  });

  test.each([undefined, "", "a b", "a\nb", "é", "x".repeat(129), '"', ["a", "b"]])("%j is replaced", (id) => {
    expect(requestId(id)).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("keys", () => {
  const check = keyCheck(["alpha", "beta-key"]);
  test.each([{ authorization: "Bearer alpha" }, { authorization: "bearer  beta-key " }, { "x-api-key": "alpha" }])(
    "%j may",
    (headers) => {
      expect(() => check(headers)).not.toThrow();
    },
  );

  test.each([
    {},
    { authorization: "Bearer alph" },
    { authorization: "Bearer alpha2" },
    { authorization: "Bearer" },
    { authorization: "Basic alpha" },
    { authorization: "alpha" },
    { "x-api-key": "" },
    { authorization: "Bearer wrong", "x-api-key": "alpha" },
  ])("%j may not", (headers) => {
    expect(() => check(headers)).toThrow(expect.objectContaining({ facts: expect.objectContaining({ status: 401 }) }));
  });

  test("no random key fits, and none is repeated to the client", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), (key) => {
        fc.pre(key !== "beta-key");
        try {
          check({ "x-api-key": key });
        } catch (error) {
          return !String(error).includes(key);
        }
        return false;
      }),
    );
  });

  test("without keys everyone may", () => {
    expect(() => keyCheck([])({})).not.toThrow();
  });
});

describe("which pool", () => {
  const [a, b] = [stubPool({ name: "a" }), stubPool({ name: "b" })];

  test("named, or the only one", () => {
    expect(modelFor([a, b], "b")).toBe(b);
    expect(modelFor([a], null)).toBe(a);
  });

  test("none named among several is 400, an unknown one 404, and both say what there is", () => {
    const fails = (status: number, code?: string) =>
      expect.objectContaining({
        message: expect.stringContaining("a, b"),
        facts: expect.objectContaining({ status, param: "model", ...(code ? { code } : {}) }),
      });
    expect(() => modelFor([a, b], null)).toThrow(fails(400));
    expect(() => modelFor([a, b], "c")).toThrow(fails(404, "model_not_found"));
    expect(() => modelFor([a], "c")).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ status: 404 }) }),
    );
  });

  test("the list is OpenAI's", () => {
    expect(listModels([a, b], 1_700_000_000)).toMatchObject({
      object: "list",
      data: [
        { id: "a", object: "model", created: 1_700_000_000, owned_by: "corral", state: "ready", meta: { slots: 1 } },
        { id: "b" },
      ],
    });
  });
});

describe("readiness", () => {
  const ready = stubPool({ name: "ready" });
  const loading = stubPool({ name: "loading", state: "starting" });
  const failed = stubPool({ name: "failed", state: "failed" });
  test.each([
    [[ready], false, "ready"],
    [[ready, failed], false, "ready"],
    [[ready, loading], false, "loading"],
    [[failed], false, "failed"],
    [[ready], true, "draining"],
  ] as const)("%#: %s", (pools, draining, state) => {
    const readiness = readinessOf(pools, draining);
    expect(readiness).toMatchObject({ state, isReady: state === "ready" });
    expect(llamaHealth(readiness)).toMatchObject(
      state === "ready" ? { status: "ok" } : { error: { code: 503, type: "unavailable_error" } },
    );
  });
});

describe("the page", () => {
  const html = page({ models: [{ name: "<b>'&", state: "ready" }], url: "http://x:1", needsKey: true });

  test("escapes what it shows", () => {
    expect(html).not.toContain("<b>");
    expect(html).toContain("&lt;b&gt;");
  });

  test("loads nothing from anywhere", () => {
    expect(html).not.toMatch(/<script|<img|<link|src=|@import|url\(/);
  });
});
