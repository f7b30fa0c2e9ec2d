import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { describe, expect, test } from "vitest";
import type { ServiceFacts } from "../../src/service/unit/facts.ts";
import { quoted, word } from "../../src/service/unit/render.ts";
import { streamsOf } from "../../src/service/unit/streams.ts";
import { unitsFor } from "../../src/service/unit/units.ts";

const facts: ServiceFacts = {
  name: "corral",
  run: { kind: "dynamic" },
  node: process.execPath,
  main: "/opt/corral/main.js",
  config: "/etc/corral/corral.yaml",
  sockets: ["127.0.0.1:8080", "/run/corral.sock"],
  engines: ["chatglm", "llama"],
  memory: 2 * 1024 ** 3,
  drain: 65_200,
  apiKeyFile: "/etc/corral/keys",
  shown: ["/home/ann/my models"],
};

/** By file, the lines. */
function linesOf(more: Partial<ServiceFacts> = {}): Record<string, string[]> {
  return Object.fromEntries(unitsFor({ ...facts, ...more }).map(({ file, text }) => [file, text.split("\n")]));
}

test("the service serves the file on systemd's sockets, tells how it is, and stops as long as a drain takes", () => {
  const { "corral.service": service } = linesOf();
  expect(service).toEqual(
    expect.arrayContaining([
      "Type=notify",
      `ExecStart=${process.execPath} /opt/corral/main.js serve --config /etc/corral/corral.yaml`,
      "Environment=CORRAL_LISTEN=systemd",
      "Requires=corral.socket",
      "Requires=corral-build.service",
      "TimeoutStopSec=81",
      "MemoryMax=2684354560",
      "OOMPolicy=continue",
      "LoadCredential=api-keys:/etc/corral/keys",
      "Environment=CORRAL_API_KEY_FILE=%d/api-keys",
      'BindReadOnlyPaths="/home/ann/my models"',
      "DynamicUser=yes",
    ]),
  );
  expect(service?.some((line) => line.startsWith("MemoryDenyWriteExecute"))).toBe(false);
});

test("the socket is held by systemd", () => {
  const { "corral.socket": socket } = linesOf();
  expect(socket).toEqual(expect.arrayContaining(["ListenStream=127.0.0.1:8080", "ListenStream=/run/corral.sock"]));
  expect(socket).toContain("WantedBy=sockets.target");
});

test("each engine is built by itself, before, and for as long as it takes", () => {
  const build = linesOf()["corral-build.service"];
  expect(build).toEqual(
    expect.arrayContaining([
      "Type=oneshot",
      "Before=corral.service",
      "TimeoutStartSec=infinity",
      `ExecStart=${process.execPath} /opt/corral/main.js build chatglm`,
      `ExecStart=${process.execPath} /opt/corral/main.js build llama`,
    ]),
  );
  // The folder of sockets would go when the build's unit is stopped.
  expect(build?.some((line) => line.startsWith("RuntimeDirectory"))).toBe(false);
});

test("a user that there is runs it in the same sandbox", () => {
  const { "corral.service": service } = linesOf({ run: { kind: "user", user: "llm" } });
  expect(service).toContain("User=llm");
  expect(service).toContain("ProtectSystem=strict");
  expect(service).not.toContain("DynamicUser=yes");
});

test("in a user's own systemd nothing asks for what that can't do, and files lie where the user's lie", () => {
  const { "corral.service": service = [] } = linesOf({ run: { kind: "session" }, shown: [] });
  const asked = service.filter((line) =>
    /^(User|DynamicUser|Protect|Private|Capability|LoadCredential|Bind)/.test(line),
  );
  expect(asked).toEqual([]);
  expect(service.filter((line) => line.startsWith("Environment"))).toEqual(["Environment=CORRAL_LISTEN=systemd"]);
  expect(service).toContain("WantedBy=default.target");
});

test("another name names everything", () => {
  const units = linesOf({ name: "two" });
  expect(Object.keys(units)).toEqual(["two.service", "two.socket", "two-build.service", "two.slice"]);
  expect(units["two.service"]).toEqual(expect.arrayContaining(["StateDirectory=two", "User=two", "Slice=two.slice"]));
});

test.each([
  ["plain/path-1.x", "plain/path-1.x", "plain/path-1.x"],
  ["a b", '"a b"', '"a b"'],
  ['q"\\', '"q\\"\\\\"', '"q\\"\\\\"'],
  ["100%", "100%%", "100%%"],
  ["$HOME", "$$HOME", "$HOME"],
  ["a'b", `"a'b"`, `"a'b"`],
])("%s is written so that systemd reads it back", (text, inCommand, inList) => {
  expect(word(text)).toBe(inCommand);
  expect(quoted(text)).toBe(inList);
});

describe("what a socket unit holds", () => {
  test.each([
    [[{ kind: "tcp", host: "0.0.0.0", port: 80 }], ["0.0.0.0:80"]],
    [[{ kind: "tcp", host: "::1", port: 80 }], ["[::1]:80"]],
    [[{ kind: "tcp", host: "localhost", port: 80 }], ["127.0.0.1:80"]],
    [[{ kind: "unix", path: "/run/corral.sock" }, { kind: "systemd" }], ["/run/corral.sock"]],
    [[{ kind: "systemd" }], ["127.0.0.1:8080"]],
  ] as const)("%j: %j", (addresses, streams) => {
    expect(streamsOf(addresses, "corral")).toEqual(streams);
  });

  test.each([
    [{ kind: "tcp", host: "127.0.0.1", port: 0 }, "needs a port"],
    [{ kind: "unix", path: "/run/corral/http.sock" }, "/run/corral.sock"],
  ] as const)("%j is refused", (address, words) => {
    expect(() => streamsOf([address], "corral")).toThrow(
      expect.objectContaining({ code: "CORRAL_BAD_OPTION", message: expect.stringContaining(words) }),
    );
  });
});

const hasAnalyze = execaSync("systemd-analyze", ["--version"], { reject: false }).exitCode === 0;
if (!hasAnalyze && process.env.CI) throw new Error("systemd-analyze is missing: apt-get install systemd");

describe.skipIf(!hasAnalyze)("systemd's own tools", () => {
  const kinds = [{ kind: "dynamic" }, { kind: "user", user: "daemon" }] as const;
  test.each(kinds)("find nothing wrong with %j, and little exposed", (run) => {
    const dir = mkdtempSync(join(tmpdir(), "corral-units-"));
    const units = unitsFor({ ...facts, run, node: "/bin/true" });
    const paths = units.map(({ file, text }) => {
      writeFileSync(join(dir, file), text);
      return join(dir, file);
    });
    const verified = execaSync("systemd-analyze", ["verify", ...paths], { all: true });
    expect(verified.all).toBe("");

    const services = paths.filter((path) => path.endsWith(".service"));
    for (const path of services) {
      const { stdout } = execaSync("systemd-analyze", ["security", "--offline=true", path], { reject: false });
      const [sentence = "", score] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
      process.stdout.write(`${run.kind}: ${sentence}\n`);
      expect(Number(score)).toBeLessThanOrEqual(2);
    }
    rmSync(dir, { recursive: true });
  });
});
