import { describe, expect, test } from "vitest";
import { isOpen, routeOf, WORK_PATHS } from "../../src/gateway/routes.ts";

describe("routes", () => {
  test.each(WORK_PATHS)("POST %s is work, GET is refused", (path) => {
    expect(routeOf("POST", path)).toEqual({ kind: "work", path });
    expect(routeOf("POST", `${path}?beta=true`)).toEqual({ kind: "work", path });
    expect(routeOf("GET", path)).toEqual({ kind: "wrong-method", allow: "POST" });
  });

  test.each([
    ["/", "page"],
    ["/livez", "live"],
    ["/readyz", "ready"],
    ["/health", "health"],
    ["/metrics", "metrics"],
    ["/v1/models", "models"],
  ])("GET %s is %s, POST is refused", (path, kind) => {
    expect(routeOf("GET", path)).toEqual({ kind });
    expect(routeOf("HEAD", path)).toEqual({ kind });
    expect(routeOf("POST", path)).toEqual({ kind: "wrong-method", allow: "GET, HEAD" });
  });

  test.each([
    ["/v1/models/qwen", "qwen"],
    ["/v1/models/user/repo:Q4_K_M", "user/repo:Q4_K_M"],
    ["/v1/models/user%2Frepo", "user/repo"],
    ["/v1/models/%E6%A8%A1", "模"],
  ])("GET %s is the model %s", (path, id) => {
    expect(routeOf("GET", path)).toEqual({ kind: "model", id });
  });

  test.each([
    "/slots",
    "/props",
    "/lora-adapters",
    "/v1/stream",
    "/chat/completions",
    "/completion",
    "/v1/chat/completions/",
    "/V1/chat/completions",
    "/v1//chat/completions",
    "//v1/chat/completions",
    "/v1/chat/../chat/completions",
    "/v1/chat%2Fcompletions",
    "/v1/models/",
    "/v1/models/%zz",
    "",
    "*",
    "/constructor",
    "/__proto__",
  ])("%j is unknown", (path) => {
    expect(routeOf("POST", path).kind).toBe("unknown");
    expect(routeOf("GET", path).kind).toBe("unknown");
  });

  test.each(["OPTIONS", "PUT", "DELETE", "TRACE", "get"])("%s is no method of ours", (method) => {
    expect(routeOf(method, "/v1/chat/completions").kind).toBe("wrong-method");
    expect(routeOf(method, "/v1/models").kind).toBe("wrong-method");
  });

  test("only health and the page are open without a key", () => {
    const open = ["/", "/livez", "/readyz", "/health", "/metrics", "/v1/models", "/v1/models/x", "/nothing"];
    expect(open.filter((path) => isOpen(routeOf("GET", path)))).toEqual(["/", "/livez", "/readyz", "/health"]);
  });
});
