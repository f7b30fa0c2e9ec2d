import { describe, expect, it } from "vitest";
import type { LossCause } from "../../src/loss.ts";
import { decideRetry, isLoading, type Miss } from "../../src/proxy/retry.ts";

const error = new Error("connect ECONNREFUSED");

describe("decideRetry", () => {
  const first = { attempts: 1, fruitless: 1, stuck: null };
  const lost = (cause: LossCause): Miss => ({ kind: "lost", cause, error });

  it("sends again what was never sent", () => {
    const decision = { kind: "again", reason: "nothing was sent", draws: false };
    expect(decideRetry({ kind: "unsent", error }, first)).toEqual(decision);
    expect(decideRetry({ kind: "unsent", error }, { ...first, fruitless: 4 })).toEqual(decision);
  });

  it("sends again what a loading worker turned away", () => {
    expect(decideRetry({ kind: "loading" }, first)).toMatchObject({ kind: "again", reason: "the worker is loading" });
  });

  it("gives up after five attempts", () => {
    const fifth = { ...first, attempts: 5, fruitless: 5 };
    expect(decideRetry({ kind: "unsent", error }, fifth)).toEqual({ kind: "give-up", reason: "5 attempts were made" });
    expect(decideRetry({ kind: "loading" }, fifth).kind).toBe("give-up");
    expect(decideRetry(lost("connection"), fifth).kind).toBe("give-up");
  });

  it("bears more losses that are not its fault, and not without end", () => {
    expect(decideRetry(lost("killed"), { ...first, fruitless: 19 }).kind).toBe("again");
    expect(decideRetry(lost("killed"), { ...first, fruitless: 20 }).kind).toBe("give-up");
  });

  it("bears few broken connections, even where each brought some of the answer", () => {
    expect(decideRetry(lost("connection"), first)).toEqual({
      kind: "again",
      reason: "the connection broke",
      draws: true,
    });
    expect(decideRetry(lost("connection"), { ...first, attempts: 5 }).kind).toBe("give-up");
  });

  it("goes on in another way where a worker does not take it in this one, and where there is one", () => {
    expect(decideRetry({ kind: "refused", reason: "400" }, first).kind).toBe("again");
    const decision = decideRetry({ kind: "refused", reason: "400" }, { ...first, stuck: "the engine answered 400" });
    expect(decision).toEqual({ kind: "give-up", reason: "the engine answered 400" });
  });

  it.each(["aborted", "malformed"] as const)("never sends again what is %s", (kind) => {
    expect(decideRetry({ kind, error }, first).kind).toBe("give-up");
  });

  it.each(["killed", "crashed", "stopped", "hung", "drain"] as const)(
    "sends again what was in a worker lost by %s, as long as what has come can be taken up",
    (cause) => {
      expect(decideRetry(lost(cause), first)).toMatchObject({ kind: "again", reason: "another worker can take it up" });
      expect(decideRetry(lost(cause), { ...first, stuck: "a tool call had begun" }).kind).toBe("give-up");
    },
  );

  it("draws on the budget for what is begun anew, and not for what corral or a suspect did, nor for what goes on", () => {
    const draws = (cause: LossCause, known = first): boolean => {
      const decision = decideRetry(lost(cause), known);
      return decision.kind === "again" && decision.draws;
    };
    expect((["killed", "stopped", "connection"] as const).map((cause) => draws(cause))).toEqual([true, true, true]);
    expect((["crashed", "hung", "drain"] as const).map((cause) => draws(cause))).toEqual([false, false, false]);
    expect(draws("killed", { ...first, attempts: 2 })).toBe(false);
  });

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
