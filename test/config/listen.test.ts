import { describe, expect, test } from "vitest";
import { listenedTwice, listenText, parseListen } from "../../src/config/listen.ts";
import { resolveGatewayOptions } from "../../src/config/resolve.ts";

const tcp = (host: string, port: number) => ({ kind: "tcp" as const, host, port });

describe("an address", () => {
  test.each([
    ["127.0.0.1:8080", tcp("127.0.0.1", 8080), "127.0.0.1:8080"],
    ["0.0.0.0:0", tcp("0.0.0.0", 0), "0.0.0.0:0"],
    ["localhost:80", tcp("localhost", 80), "localhost:80"],
    ["8080", tcp("127.0.0.1", 8080), "127.0.0.1:8080"],
    ["[::1]:65535", tcp("::1", 65535), "[::1]:65535"],
    ["[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1), "[fe80::1%eth0]:1"],
    ["unix:/run/corral/http.sock", { kind: "unix", path: "/run/corral/http.sock" }, "unix:/run/corral/http.sock"],
    ["systemd", { kind: "systemd" }, "systemd"],
  ])("%j", (text, address, again) => {
    const parsed = parseListen(text);
    expect(parsed).toEqual({ kind: "address", address });
    if (parsed.kind === "address") expect(listenText(parsed.address)).toBe(again);
  });

  test.each([
    ["nonsense", /HOST:PORT/],
    ["", /HOST:PORT/],
    ["http://127.0.0.1:8080", /HOST:PORT/],
    ["127.0.0.1:99999", /a port from 0 to 65535/],
    ["65536", /a port from 0 to 65535/],
    ["127.0.0.1:", /HOST:PORT/],
    [":8080", /0\.0\.0\.0 or \[::\] for all/],
    ["*:8080", /0\.0\.0\.0 or \[::\] for all/],
    ["999.1.1.1:80", /a name or an IP address/],
    ["::1:8080", /in brackets/],
    ["::1", /in brackets/],
    ["[127.0.0.1]:80", /IPv6 address within the brackets/],
    ["unix:http.sock", /absolute path/],
    ["unix:/run/", /absolute path/],
    [`unix:/${"x".repeat(110)}`, /at most \d+ bytes/],
  ])("not %j", (text, told) => {
    expect(parseListen(text)).toEqual({ kind: "expected", expected: expect.stringMatching(told) });
  });
});

test("the same address twice is found, and free ports are none", () => {
  const free = tcp("127.0.0.1", 0);
  expect(listenedTwice([free, free, tcp("a", 1), tcp("b", 1)])).toBeUndefined();
  expect(listenedTwice([tcp("a", 1), { kind: "systemd" }, tcp("a", 1)])).toEqual(tcp("a", 1));
});

describe("the option", () => {
  test.each([
    [{}, [tcp("127.0.0.1", 8080)]],
    [{ host: "::1", port: 1 }, [tcp("::1", 1)]],
    [{ listen: 9000 }, [tcp("127.0.0.1", 9000)]],
    [{ listen: "systemd", port: 1 }, [{ kind: "systemd" }]],
    [{ listen: [9000, "unix:/x"] }, [tcp("127.0.0.1", 9000), { kind: "unix", path: "/x" }]],
  ])("%j", (options, listen) => {
    const resolved = resolveGatewayOptions(options);
    expect(resolved.listen).toEqual(listen);
    expect(resolveGatewayOptions(resolved)).toEqual(resolved);
  });

  test.each([
    ["nonsense", /"listen" is "nonsense"\. It must be HOST:PORT/],
    [[8080, "127.0.0.1:8080"], /named once: 127\.0\.0\.1:8080 is there twice/],
    [[], /at least 1/],
  ])("not %j", (listen, told) => {
    expect(() => resolveGatewayOptions({ listen })).toThrow(told);
  });
});
