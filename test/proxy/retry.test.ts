import { describe, expect, it } from "vitest";
import { decideRetry, isLoading } from "../../src/proxy/retry.ts";

const error = new Error("connect ECONNREFUSED");

describe("decideRetry", () => {
  it("retries what was never sent", () => {
    expect(decideRetry({ kind: "unsent", error }, 1)).toEqual({ retry: true, reason: "nothing was sent" });
    expect(decideRetry({ kind: "unsent", error }, 4).retry).toBe(true);
  });

  it("retries what a loading worker turned away", () => {
    expect(decideRetry({ kind: "loading" }, 1)).toMatchObject({ retry: true, reason: "the worker is loading" });
  });

  it("gives up after five attempts", () => {
    expect(decideRetry({ kind: "unsent", error }, 5)).toEqual({ retry: false, reason: "5 attempts were made" });
    expect(decideRetry({ kind: "loading" }, 5).retry).toBe(false);
  });

  it.each(["lost", "aborted", "malformed"] as const)(
    "never retries what is %s: it may have killed the worker, or nobody wants it",
    (kind) => {
      expect(decideRetry({ kind, error }, 1).retry).toBe(false);
    },
  );
});

describe("isLoading", () => {
  const loading = Buffer.from('{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}');

  it("knows llama-server's answer", () => {
    expect(isLoading(503, loading)).toBe(true);
  });

  it("takes no other 503 for it, and no other status", () => {
    expect(isLoading(503, Buffer.from('{"error":{"code":503,"message":"no slot","type":"unavailable_error"}}'))).toBe(
      false,
    );
    expect(isLoading(503, Buffer.alloc(0))).toBe(false);
    expect(isLoading(500, loading)).toBe(false);
  });
});
