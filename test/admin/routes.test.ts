import { expect, test } from "vitest";
import { adminRoute } from "../../src/admin/routes.ts";

const refusal = (method: string, target: string) => {
  try {
    return adminRoute(method, target);
  } catch (error) {
    return error;
  }
};

test("each action has its path and its method", () => {
  expect(adminRoute("GET", "/status")).toEqual({ kind: "status" });
  expect(adminRoute("POST", "/reload")).toEqual({ kind: "reload" });
  expect(adminRoute("POST", "/upgrade")).toEqual({ kind: "upgrade" });
  expect(adminRoute("POST", "/models/qwen/restart")).toEqual({ kind: "restart", model: "qwen" });
  expect(adminRoute("POST", "/models/qwen/scale")).toEqual({ kind: "scale", model: "qwen" });
  expect(adminRoute("POST", "/models/qwen/pardon")).toEqual({ kind: "pardon", model: "qwen" });
  expect(adminRoute("GET", "/models/qwen/logs")).toEqual({
    kind: "logs",
    model: "qwen",
    query: { worker: undefined, lines: undefined, follow: false },
  });
});

test("a model's name may hold anything once it is encoded", () => {
  for (const model of ["org/model:Q4", "日本", "a b?c#d", "logs"]) {
    expect(adminRoute("POST", `/models/${encodeURIComponent(model)}/restart`)).toEqual({ kind: "restart", model });
  }
  expect(refusal("POST", "/models/%ff/restart")).toMatchObject({ facts: { status: 400 } });
});

test("what of the logs is wanted", () => {
  expect(adminRoute("GET", "/models/a/logs?worker=1&lines=20&follow=1")).toMatchObject({
    query: { worker: 1, lines: 20, follow: true },
  });
  for (const query of ["worker=-1", "lines=many", "lines=1e3", "worker="]) {
    expect(refusal("GET", `/models/a/logs?${query}`)).toMatchObject({ facts: { status: 400 } });
  }
});

test("what is not there is 404, another method 405", () => {
  for (const target of ["/", "/models", "/models/a", "/models/a/constructor", "/models/a/b/restart", "/__proto__"]) {
    expect(refusal("POST", target)).toMatchObject({ code: "CORRAL_REQUEST_INVALID", facts: { status: 404 } });
  }
  expect(refusal("GET", "/models/a/restart")).toMatchObject({ facts: { status: 405 } });
  expect(refusal("GET", "/upgrade")).toMatchObject({ facts: { status: 405 } });
  expect(refusal("DELETE", "/status")).toMatchObject({ facts: { status: 405 } });
  expect(refusal("GET", "//")).toMatchObject({ code: "CORRAL_REQUEST_INVALID", facts: { status: 400 } });
});
