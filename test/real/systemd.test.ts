import { once } from "node:events";
import { createConnection } from "node:net";
import { join } from "node:path";
import getPort from "get-port";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheDir } from "../../build-scripts/cache.ts";
import { CHAT, chat } from "../fixtures/raw-http.ts";
import { compileCommand, ROOT } from "../fixtures/serve-kit.ts";
import { type Outcomes, SteadyLoad } from "../fixtures/steady-load.ts";
import { CACHE, CHECKOUT, Systemd, until, whyNoSystemd } from "../fixtures/systemd-kit.ts";

const missing = whyNoSystemd();
if (missing !== null) {
  const sentence = `The service is not tested on a real systemd: ${missing}.`;
  if (process.env.CI)
    throw new Error(`${sentence} Run it as root, where systemd is installed and namespaces are allowed.`);
  process.stderr.write(`\n!!! ${sentence} !!!\n\n`);
}

const MAIN = join(CHECKOUT, "dist", "src", "cli", "main.js");
const SERVICE = "corral.service";
const CONFIG = "/etc/corral/corral.yaml";
/** 500 bytes without a run of them twice, which take the echo model a while to say. */
const LONG = Array.from({ length: 90 }, (_, index) => ((index * 7_919 + 104_729) % 99_991).toString(36)).join(" ");

let systemd: Systemd;
let port = 0;
const url = (): string => `http://127.0.0.1:${port}`;

describe.skipIf(missing !== null)("corral as a service of a real systemd", () => {
  beforeAll(async () => {
    await compileCommand();
    [systemd, port] = await Promise.all([Systemd.boot({ checkout: ROOT, cache: cacheDir() }), getPort()]);
    await systemd.write(CONFIG, configOf("echo"));
    await systemd.write("/etc/corral/keys", "sesame\n");
    const cache = "/var/cache/corral";
    await systemd.run("sh", ["-c", `mkdir -p ${cache}/models && cp -r "$0"/builds ${cache}`, CACHE]);
    await systemd.run("sh", ["-c", `cp "$0"/models/echo* ${cache}/models || true`, CACHE]);
    await systemd.run(process.execPath, [MAIN, "service", "install", "--socket", `127.0.0.1:${port}`]);
    await active();
  });

  afterAll(async () => {
    await systemd?.stop();
  });

  test("starts by its units, tells that it is ready, and logs with priorities as a user of its own", async () => {
    expect(await systemd.systemctl("is-active", SERVICE, "corral.socket", "corral-build.service")).toBe(
      "active\nactive\nactive",
    );
    expect(await systemd.property(SERVICE, "StatusText")).toBe("1 of 1 model ready, 0 requests");
    expect(await systemd.property(SERVICE, "NRestarts")).toBe("0");
    expect((await ask("hello")).status).toBe(200);
    const status = JSON.parse(await systemd.run(process.execPath, [MAIN, "status", "--json"]));
    expect(status).toMatchObject({ state: "ready", models: [{ name: "echo", state: "ready" }] });

    const entries = (await systemd.run("journalctl", ["-u", SERVICE, "-o", "json", "--no-pager"])).split("\n");
    const ready = entries.map((entry) => JSON.parse(entry)).find(({ MESSAGE }) => MESSAGE === "ready");
    expect(ready).toMatchObject({ PRIORITY: "6", _COMM: "node" });
    // Those that systemd makes up for the time that a service runs.
    expect(Number(ready._UID)).toBeGreaterThanOrEqual(61_184);
    expect(Number(ready._UID)).toBeLessThanOrEqual(65_519);
  });

  test("is exposed little, and its units are in order", async () => {
    const units = [SERVICE, "corral.socket", "corral-build.service", "corral.slice"].map(
      (unit) => `/etc/systemd/system/${unit}`,
    );
    const verified = await systemd.try("systemd-analyze", ["verify", ...units]);
    expect(`${verified.stdout}${verified.stderr}`).toBe("");
    const { stdout } = await systemd.try("systemd-analyze", ["security", "--no-pager", SERVICE]);
    const [sentence = "", score] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    print(sentence);
    expect(Number(score)).toBeLessThanOrEqual(2);
  });

  test("takes a key as a credential that its user could not read", async () => {
    await systemd.write(CONFIG, configOf("echo", "apiKeyFile: /etc/corral/keys\n"));
    await systemd.run("chmod", ["600", "/etc/corral/keys"]);
    const install = [MAIN, "service", "install", "--socket", `127.0.0.1:${port}`];
    const before = await systemd.mainPid(SERVICE);
    await systemd.run(process.execPath, install);
    await active(before);
    expect((await ask("hello")).status).toBe(401);
    expect((await ask("hello", {}, { authorization: "Bearer sesame" })).status).toBe(200);

    await systemd.write(CONFIG, configOf("echo"));
    const keyed = await systemd.mainPid(SERVICE);
    await systemd.run(process.execPath, install);
    await active(keyed);
    expect((await ask("hello")).status).toBe(200);
  });

  test("restarts under load without refusing anybody", async () => {
    const load = new SteadyLoad(url(), 4);
    await load.answers(20);
    const before = await systemd.mainPid(SERVICE);
    await systemd.systemctl("restart", SERVICE);
    const after = await active(before);
    await load.answers(20);
    report("restart under load", await load.stop());
    expect(after).not.toBe(before);
    expect(load.outcomes).toMatchObject({ refused: 0, cut: 0, others: {} });
  });

  test("is killed three times under load: nobody is refused, nothing is orphaned", async () => {
    const load = new SteadyLoad(url(), 4);
    for (let kill = 1; kill <= 3; kill++) {
      await load.answers(20);
      const before = await systemd.mainPid(SERVICE);
      process.kill(before, "SIGKILL");
      await active(before);
      await load.answers(4);
      const workers = await systemd.processes("llama-server");
      print(`kill ${kill}: ${workers.length} llama-server where 1 is to run`);
      expect(workers).toHaveLength(1);
    }
    report("kill -9 of the main process x 3", await load.stop());
    expect(load.outcomes.refused).toBe(0);
    expect(load.outcomes.others).toEqual({});
    // At most what each client had under way at each kill.
    expect(load.outcomes.cut).toBeLessThanOrEqual(3 * 4);
  });

  test("is killed by the watchdog when it is stuck, and comes back", async () => {
    await systemd.write(`/etc/systemd/system/${SERVICE}.d/test.conf`, "[Service]\nWatchdogSec=4\n");
    await systemd.systemctl("daemon-reload");
    const old = await systemd.mainPid(SERVICE);
    await systemd.systemctl("restart", SERVICE);
    const stuck = await active(old);
    process.kill(stuck, "SIGSTOP");
    const since = performance.now();
    await active(stuck);
    print(`watchdog: back after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    const journal = await systemd.run("journalctl", ["-u", SERVICE, "--no-pager", "-o", "cat"]);
    expect(journal).toContain("Watchdog timeout");
    expect((await ask("hello again")).status).toBe(200);
    expect(await systemd.processes("llama-server")).toHaveLength(1);

    // And one that is well is left alone for longer than it takes to be found stuck.
    const well = await systemd.mainPid(SERVICE);
    const load = new SteadyLoad(url(), 2);
    const end = performance.now() + 6_000;
    while (performance.now() < end) await load.answers(1);
    await load.stop();
    expect(await systemd.mainPid(SERVICE)).toBe(well);
    await systemd.run("rm", [`/etc/systemd/system/${SERVICE}.d/test.conf`]);
    await systemd.systemctl("daemon-reload");
  });

  test("takes a changed file at a reload, as the same process", async () => {
    const before = await systemd.mainPid(SERVICE);
    await systemd.write(CONFIG, configOf("second"));
    await systemd.systemctl("reload", SERVICE);
    await until("the new model to be served", async () =>
      (await ask("hello", { model: "second" })).status === 200 ? true : undefined,
    );
    await systemd.write(CONFIG, "models: {");
    await systemd.systemctl("reload", SERVICE);
    await until("the broken file to be told of", async () => {
      const journal = await systemd.run("journalctl", ["-u", SERVICE, "--no-pager", "-o", "cat"]);
      return journal.includes("not reloaded: ") ? true : undefined;
    });
    expect((await ask("hello", { model: "second" })).status).toBe(200);
    expect(await systemd.systemctl("is-active", SERVICE)).toBe("active");
    expect(await systemd.mainPid(SERVICE)).toBe(before);
    await systemd.write(CONFIG, configOf("echo"));
    await systemd.systemctl("reload", SERVICE);
  });

  test("stops when what runs is answered, and leaves nothing but the socket", async () => {
    const stream = await ask(LONG, { stream: true });
    const stopped = systemd.systemctl("stop", SERVICE);
    const events = await stream.text();
    await stopped;
    expect(textOf(events)).toBe(LONG);
    expect(events).toContain("data: [DONE]");
    expect(await systemd.property(SERVICE, "Result")).toBe("success");
    expect(await systemd.processes("llama-server")).toEqual([]);
    expect(await systemd.processes("node")).toEqual([]);
    expect(
      await systemd.run("sh", ["-c", "ls -d /run/corral /run/private/corral /tmp/corral-* 2>/dev/null || true"]),
    ).toBe("");
    expect(await systemd.systemctl("is-active", "corral.socket")).toBe("active");
  });

  test("is started by whoever connects, who waits for it", async () => {
    expect((await systemd.try("systemctl", ["is-active", SERVICE])).stdout).toBe("inactive");
    expect((await ask("wake up")).status).toBe(200);
    // It answers before systemd has heard that it does.
    await active();
  });

  test("is uninstalled without a trace but its cache", async () => {
    await systemd.run(process.execPath, [MAIN, "service", "uninstall"]);
    expect(await systemd.processes("llama-server")).toEqual([]);
    expect(await systemd.run("sh", ["-c", "find /etc/systemd/system -name 'corral*' -not -path '*.d*'"])).toBe("");
    expect((await systemd.try("systemctl", ["status", SERVICE])).stderr).toContain("could not be found");
    const connection = createConnection(port, "127.0.0.1");
    const [error] = await once(connection, "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

/** A drain has more time than the longest answer takes where others compute, too. */
function configOf(model: string, more = ""): string {
  return `${more}limits:\n  drainTimeout: 100000\nmodels:\n  ${model}:\n    source: echo\n    workers: 1\n    context: 4096\n`;
}

/** Waits until it serves, as another process than this one. @returns its main process */
function active(other = 0): Promise<number> {
  return until("the service to be active", async () => {
    const [state, pid] = await Promise.all([
      systemd.try("systemctl", ["is-active", SERVICE]),
      systemd.mainPid(SERVICE),
    ]);
    return state.stdout === "active" && pid !== 0 && pid !== other ? pid : undefined;
  });
}

function ask(content: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  return fetch(`${url()}${CHAT}`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close", ...headers },
    body: chat(content, more),
  });
}

function textOf(events: string): string {
  const lines = events.split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice(6)).choices?.[0]?.delta.content ?? "").join("");
}

function report(what: string, { answered, refused, cut, others }: Outcomes): void {
  print(`${what}: ${answered} answered, ${refused} refused, ${cut} cut, other statuses ${JSON.stringify(others)}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
