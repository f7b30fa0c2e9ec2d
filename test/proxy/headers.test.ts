import { describe, expect, it } from "vitest";
import { toClient, toWorker } from "../../src/proxy/headers.ts";

/** As undici takes them -> as they read. */
function object(list: string[]): Record<string, string> {
  return Object.fromEntries(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? ""]] : [])));
}

describe("toWorker", () => {
  it("passes what the engine may care about", () => {
    const headers = { "content-type": "application/json", "anthropic-version": "2023-06-01", accept: "*/*" };
    expect(object(toWorker(headers, "k"))).toEqual({ ...headers, authorization: "Bearer k" });
  });

  it.each(["authorization", "x-api-key"])("replaces the client's %s by the worker's key", (name) => {
    expect(object(toWorker({ [name]: "client-secret" }, "worker-key"))).toEqual({ authorization: "Bearer worker-key" });
  });

  it.each([
    ["connection", "keep-alive"],
    ["keep-alive", "timeout=5"],
    ["proxy-authorization", "Basic x"],
    ["proxy-connection", "close"],
    ["te", "trailers"],
    ["trailer", "x-sum"],
    ["transfer-encoding", "chunked"],
    ["upgrade", "h2c"],
    ["host", "example.org"],
    ["content-length", "17"],
    ["expect", "100-continue"],
    ["x-conversation-id", "42"],
    ["accept-encoding", "gzip"],
  ])("drops %s", (name, value) => {
    expect(object(toWorker({ [name]: value }, "k"))).toEqual({ authorization: "Bearer k" });
  });

  it("drops what the connection header names", () => {
    const headers = { connection: "close, X-Trace ,x-other", "x-trace": "1", "x-other": "2", "x-kept": "3" };
    expect(object(toWorker(headers, "k"))).toEqual({ authorization: "Bearer k", "x-kept": "3" });
  });
});

describe("toClient", () => {
  it("passes the answer's own headers, several of one name too", () => {
    const headers = { "content-type": "text/event-stream", "content-length": "12", "set-cookie": ["a=1", "b=2"] };
    expect(toClient(headers)).toEqual(headers);
  });

  it("drops what is the connection's, the server's name and its cross-origin rules", () => {
    const dropped = {
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      "keep-alive": "timeout=5, max=100",
      "transfer-encoding": "chunked",
      server: "llama.cpp",
      "access-control-allow-origin": "*",
      "access-control-allow-credentials": "true",
    };
    expect(toClient({ ...dropped, "content-type": "text/plain" })).toEqual({ "content-type": "text/plain" });
  });
});
