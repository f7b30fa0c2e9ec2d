import { describe, expect, it } from "vitest";
import type { LossCause } from "../../src/loss.ts";
import { decideRetry, isLoading, type Miss } from "../../src/proxy/retry.ts";

const error = new Error("connect ECONNREFUSED");

describe("decideRetry", () => {
  const first = { attempts: 1, started: false };
  const lost = (cause: LossCause): Miss => ({ kind: "lost", cause, error });

  it("sends again what was never sent", () => {
    const decision = { kind: "again", reason: "nothing was sent" };
    expect(decideRetry({ kind: "unsent", error }, first)).toEqual(decision);
    expect(decideRetry({ kind: "unsent", error }, { ...first, attempts: 4 })).toEqual(decision);
  });

  it("sends again what a loading worker turned away", () => {
    expect(decideRetry({ kind: "loading" }, first)).toMatchObject({ kind: "again", reason: "the worker is loading" });
  });

  it("gives up after five attempts", () => {
    const fifth = { ...first, attempts: 5 };
    expect(decideRetry({ kind: "unsent", error }, fifth)).toEqual({ kind: "give-up", reason: "5 attempts were made" });
    expect(decideRetry({ kind: "loading" }, fifth).kind).toBe("give-up");
    expect(decideRetry(lost("killed"), fifth).kind).toBe("give-up");
  });

  it.each(["aborted", "malformed"] as const)("never sends again what is %s", (kind) => {
    expect(decideRetry({ kind, error }, first).kind).toBe("give-up");
  });

  it.each(["killed", "crashed", "stopped", "hung", "drain", "connection"] as const)(
    "sends again what was in a worker lost by %s, as long as no answer has begun",
    (cause) => {
      expect(decideRetry(lost(cause), first)).toMatchObject({ kind: "again", reason: "nothing came back" });
      expect(decideRetry(lost(cause), { ...first, started: true }).kind).toBe("give-up");
    },
  );

  it("sends nothing again in a pool that ends", () => {
    expect(decideRetry(lost("closed"), first).kind).toBe("give-up");
  });
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
