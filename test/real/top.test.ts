import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileScript } from "./compile-script.ts";

const SCRIPT = fileURLToPath(new URL("../fixtures/top-script.ts", import.meta.url));
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";

let path: string;
let dir: string;

beforeAll(async () => {
  ({ path, dir } = await compileScript(SCRIPT));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Seen {
  /** All that came while it ran, and after it. */
  readonly text: string;
  readonly exitCode: number;
  /** Of the terminal, as stty tells them. */
  readonly before: string;
  readonly after: string;
}

/** On a terminal of its own of 100 x 30, until the key, where there is one, has its effect. */
async function onTerminal(args: string, key?: string): Promise<Seen> {
  const shell = [
    "stty rows 30 cols 100",
    "stty -a",
    "echo BEGIN",
    `${process.execPath} ${path} --interval 0.1 ${args}`,
    "echo END $?",
    "stty -a",
  ].join("; ");
  const child = execa("script", ["-qec", shell, "/dev/null"], { all: true, reject: false });
  let text = "";
  for await (const chunk of child.iterable({ from: "all", binary: true })) {
    const before = text;
    text += Buffer.from(chunk);
    if (key !== undefined && text.includes("q leaves") && !before.includes("q leaves")) child.stdin?.write(key);
    if (/END \d+\r\n[\s\S]*\r\n$/.test(text)) child.stdin?.end();
  }
  await child;
  const [, before = "", shown = "", exitCode, after = ""] =
    /^([\s\S]*?)BEGIN\r\n([\s\S]*)END (\d+)\r\n([\s\S]*)$/.exec(text) ?? [];
  return { text: shown, exitCode: Number(exitCode), before, after };
}

describe.runIf(process.platform === "linux")("corral top on a real terminal", () => {
  it.each([
    ["q", "", "q", 0, ""],
    ["Ctrl-C", "", "\u0003", 0, ""],
    ["SIGTERM", "--admin term", undefined, 143, ""],
    ["an error", "--admin throw", undefined, 1, "TypeError"],
    ["an exception that nobody catches", "--admin crash", undefined, 1, "a defect elsewhere"],
  ])("gives it back as it was after %s", async (_, args, key, exitCode, said) => {
    const seen = await onTerminal(args, key);
    expect(seen.before).toContain("rows 30");
    expect(seen.after).toBe(seen.before);
    expect(seen.exitCode).toBe(exitCode);
    expect(seen.text.startsWith(ENTER)).toBe(true);
    const [picture = "", afterwards, ...more] = seen.text.split(LEAVE);
    expect(picture).toContain("qwen");
    expect(afterwards).toContain(said);
    expect(more).toEqual([]);
    if (said === "") expect(afterwards).toBe("");
  });

  it("prints one picture with --once, and the status with --json", async () => {
    const once = await onTerminal("--once");
    expect(once.text).not.toContain(ENTER);
    expect(once.text).toContain("corral 0.1.0");
    const { stdout } = await execa(process.execPath, [path, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ version: "0.1.0", models: [{ name: "qwen" }] });
  });

  it("is plain text where there is no terminal", async () => {
    const { stdout } = await execa(process.execPath, [path, "--interval", "0.1"]);
    expect(stdout).toMatch(/^corral 0\.1\.0 {2}ready/);
    expect(stdout).toMatch(/^1 {2}qwen 0 {2}101/m);
    expect(stdout).not.toContain("\u001b");
  });

  it("refuses an interval that is none", async () => {
    const { exitCode, stderr } = await execa(process.execPath, [path, "--interval", "often"], { reject: false });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("It takes seconds from 0.1 to 3600.");
  });
});
