import { describe, expect, test } from "vitest";
import { CorralError, type ErrorCode } from "../../src/errors.ts";
import { bodyOf, dialectOf, eventOf, headersOf, refusal, refusalOf } from "../../src/gateway/errors.ts";

const told = (code: ErrorCode, facts = {}) => refusalOf(new CorralError(code, "message", { facts }));

describe("status and source", () => {
  test.each([
    ["CORRAL_REQUEST_INVALID", {}, 400, "gateway", null],
    ["CORRAL_REQUEST_INVALID", { status: 413 }, 413, "gateway", null],
    ["CORRAL_QUEUE_FULL", {}, 429, "gateway", 1],
    ["CORRAL_QUEUE_FULL", { retryAfter: 7.2 }, 429, "gateway", 8],
    ["CORRAL_QUEUE_FULL", { retryAfter: 0.01 }, 429, "gateway", 1],
    ["CORRAL_POOL_FAILED", {}, 503, "worker", 10],
    ["CORRAL_POOL_CLOSED", {}, 503, "gateway", 5],
    ["CORRAL_WORKER_LOST", {}, 502, "worker", null],
    ["CORRAL_WORKER_LOST", { status: 200 }, 502, "worker", null],
    ["CORRAL_MODEL_BROKEN", {}, 503, "gateway", 10],
    ["CORRAL_INTERNAL", {}, 500, "gateway", null],
  ] as const)("%s %j is %i by the %s", (code, facts, status, source, retryAfter) => {
    expect(told(code, facts)).toMatchObject({ status, source, retryAfter });
  });

  test("a defect tells the client nothing of itself", () => {
    const refused = refusalOf(new TypeError("cannot read /etc/secret"));
    expect(refused).toMatchObject({ status: 500, code: "CORRAL_INTERNAL", source: "gateway" });
    expect(JSON.stringify(bodyOf(refused, "openai"))).not.toContain("secret");
  });
});

describe("shapes", () => {
  const refused = refusalOf(refusal(404, "There is no model.", { code: "model_not_found", param: "model" }));

  test("OpenAI's", () => {
    expect(bodyOf(refused, "openai")).toEqual({
      error: {
        message: "There is no model.",
        type: "invalid_request_error",
        param: "model",
        code: "model_not_found",
        source: "gateway",
      },
    });
  });

  test.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [404, "not_found_error"],
    [413, "request_too_large"],
    [429, "rate_limit_error"],
    [500, "api_error"],
    [503, "overloaded_error"],
  ])("Anthropic's: %i is %s", (status, type) => {
    expect(bodyOf(refusalOf(refusal(status, "no")), "anthropic")).toEqual({
      type: "error",
      error: { type, message: "no", source: "gateway" },
    });
  });

  test("events", () => {
    expect(eventOf(refused, "openai")).toMatch(/^data: \{"error":\{.*\}\}\n\n$/);
    expect(eventOf(refused, "anthropic")).toMatch(/^event: error\ndata: \{"type":"error",.*\}\n\n$/);
  });

  test("headers", () => {
    expect(headersOf(told("CORRAL_QUEUE_FULL", { retryAfter: 3 }))).toEqual({
      "x-corral-error-source": "gateway",
      "retry-after": "3",
    });
    expect(headersOf(refusalOf(refusal(405, "no", { headers: { allow: "POST" } })))).toEqual({
      "x-corral-error-source": "gateway",
      allow: "POST",
    });
  });

  test("by path", () => {
    expect(["/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/"].map(dialectOf)).toEqual([
      "anthropic",
      "anthropic",
      "openai",
      "openai",
    ]);
  });
});
