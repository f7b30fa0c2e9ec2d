import { PassThrough } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { type LiveOptions, watchLive } from "../../src/cli/top/live.ts";
import { takeSample } from "../../src/cli/top/sample.ts";
import { sampleStatus } from "../fixtures/sample-status.ts";

/** A terminal in memory. */
class FakeTerminal {
  readonly raw: boolean[] = [];
  readonly input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => this.raw.push(raw),
  });
  readonly output = Object.assign(new PassThrough(), { columns: 90, rows: 30 });
  text = "";
  #wake: () => void = () => {};

  constructor() {
    this.output.on("data", (chunk: Buffer) => {
      this.text += chunk;
      this.#wake();
    });
  }

  /** Resolves when this has been written since the last call. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.text = this.text.slice(this.text.indexOf(text) + text.length);
  }
}

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const colours = coloursFor({ isTTY: false });
const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP", "exit"].map((name) => process.listenerCount(name));
const usual = listeners();

afterEach(() => {
  // What was put on the process is gone, however it ended.
  expect(listeners()).toEqual(usual);
});

async function watching(options: Partial<LiveOptions> = {}) {
  const terminal = new FakeTerminal();
  const fetchStatus = async () => sampleStatus;
  const first = await takeSample(fetchStatus);
  const over = watchLive(first, { terminal, colours, interval: 5, fetchStatus, ...options });
  await terminal.shows(ENTER);
  return { terminal, over };
}

it.each(["q", "Q", "\u0003", "xyzq"])("leaves at the key %j with the terminal as it was", async (key) => {
  const { terminal, over } = await watching();
  await terminal.shows("qwen 0");
  await terminal.shows("qwen 0");
  terminal.input.write(key);
  expect(await over).toBeNull();
  await terminal.shows(LEAVE);
  expect(terminal.text).toBe("");
  expect(terminal.raw).toEqual([true, false]);
  expect(terminal.input.isPaused()).toBe(true);
});

it("leaves at a signal, and says which", async () => {
  const { terminal, over } = await watching();
  process.emit("SIGTERM", "SIGTERM");
  expect(await over).toBe("SIGTERM");
  await terminal.shows(LEAVE);
});

it("leaves while an answer is awaited", async () => {
  let asked: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const { terminal, over } = await watching({
    fetchStatus: () => {
      asked();
      return new Promise(() => {});
    },
  });
  await isAsked;
  terminal.input.write("q");
  expect(await over).toBeNull();
});

it("waits for an instance that does not answer, with its last picture", async () => {
  let isDown = true;
  const { terminal, over } = await watching({
    fetchStatus: async () => {
      if (isDown) throw new Error("connect ECONNREFUSED");
      return { ...sampleStatus, version: "0.2.0" };
    },
  });
  await terminal.shows("qwen 0");
  await terminal.shows("no answer: connect ECONNREFUSED");
  isDown = false;
  await terminal.shows("corral 0.2.0");
  terminal.input.write("q");
  await over;
});

it("draws anew at once when the terminal changes its size", async () => {
  const { terminal, over } = await watching({ interval: 1_000_000 });
  await terminal.shows("q leaves");
  terminal.output.columns = 10;
  terminal.output.emit("resize");
  await terminal.shows("corral 0.…");
  terminal.input.write("q");
  await over;
});

it("gives the terminal back where drawing fails", async () => {
  const broken = { ...sampleStatus, models: null as unknown as [] };
  const { terminal, over } = await watching({ fetchStatus: async () => broken });
  await expect(over).rejects.toThrow(TypeError);
  await terminal.shows(LEAVE);
  expect(terminal.raw).toEqual([true, false]);
});
