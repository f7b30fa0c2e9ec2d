import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentFingerprint } from "../../src/model/fingerprint.ts";
import { choose, findTuned } from "../../src/tune/find.ts";
import { fileNameOf, machineIdentity } from "../../src/tune/identity.ts";
import { TuneStore } from "../../src/tune/store.ts";
import { knownMachine } from "../plan/known-machine.ts";
import { identity, record, tuned } from "./kit.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "corral-tuned-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the store", () => {
  it("gives back what it was given, and leaves no drafts", async () => {
    const store = new TuneStore(folder);
    await store.write(record());
    await store.write(record({ isComplete: false }));
    expect(await store.read(identity)).toEqual(record({ isComplete: false }));
    expect(await readdir(join(folder, "tuned"))).toEqual([`${fileNameOf(identity)}.json`]);
  });

  it("knows nothing of what is damaged or of another version", async () => {
    const store = new TuneStore(folder);
    await store.write(record());
    const path = store.pathOf(identity);
    const text = await readFile(path, "utf8");
    for (const broken of [
      text.slice(0, 40),
      text.replace('"format": 1', '"format": 2'),
      text.replace('"workers": 2', '"workers": -2'),
    ]) {
      await writeFile(path, broken);
      expect(await store.read(identity)).toBeNull();
      expect(await store.all()).toEqual([]);
    }
  });

  it("says what to do where it can't be written", async () => {
    await writeFile(join(folder, "tuned"), "in the way");
    await expect(new TuneStore(folder).write(record())).rejects.toMatchObject({ code: "CORRAL_WRITE_FAILED" });
  });
});

describe("what was measured", () => {
  const present: Parameters<typeof choose>[1] = {
    machine: identity.machine,
    build: "b1",
    model: identity.model,
    concurrency: undefined,
  };
  const staleness = (change: Partial<typeof present>) => choose([record()], { ...present, ...change }).stale?.join();

  it("is used for the same machine, build and model, wherever the model lies", () => {
    expect(choose([record()], present)).toEqual({ tuned, stale: [] });
    expect(choose([record()], { ...present, model: { path: "/b.gguf", content: "c1" } }).tuned).toEqual(tuned);
    expect(choose([record()], { ...present, concurrency: 8 }).tuned).toEqual(tuned);
  });

  it("is stale on another CPU, with another build, and when the model has changed; and the reason is said", () => {
    const cpu = { ...identity.machine, fingerprint: "m2", cpuModel: "Intel Xeon" };
    expect(staleness({ machine: cpu })).toContain("on another CPU (AMD EPYC)");
    expect(staleness({ machine: { ...identity.machine, fingerprint: "m2", cpus: 4 } })).toContain("on 2 CPUs, not 4");
    expect(staleness({ machine: { ...identity.machine, fingerprint: "m2", cpuQuota: 1.5 } })).toContain(
      "without a CPU",
    );
    expect(staleness({ build: "b2" })).toContain("another build");
    expect(staleness({ build: null })).toContain("another build");
    expect(staleness({ model: { path: "/models/a.gguf", content: "c2" } })).toContain("model's file changed");
    expect(staleness({ concurrency: 4 })).toContain("for 8 requests at once");
    expect(staleness({ build: "b2" })).toContain("Run corral tune again");
  });

  it("of another model says nothing at all", () => {
    expect(choose([record()], { ...present, model: { path: "/b.gguf", content: "c2" } })).toEqual({
      tuned: null,
      stale: [],
    });
  });

  it("is found by the model's content on this machine, and never asks for the build where there is nothing", async () => {
    const path = join(folder, "a.gguf");
    await writeFile(path, "weights");
    const machine = await knownMachine("vps-2-cores");
    const store = new TuneStore(folder);
    let asked = 0;
    const build = async () => {
      asked += 1;
      return "b1";
    };
    const query = {
      machine,
      model: { path },
      engine: "llama",
      build,
      goal: "balanced",
      concurrency: undefined,
    } as const;
    expect(await findTuned(store, query)).toEqual({ tuned: null, stale: [] });
    expect(asked).toBe(0);
    const model = { path, content: await contentFingerprint(path) };
    await store.write(record({ identity: { ...identity, machine: machineIdentity(machine), model } }));
    expect((await findTuned(store, query)).tuned).toEqual(tuned);
    expect((await findTuned(store, { ...query, goal: "latency" })).tuned).toBeNull();
    await writeFile(path, "other weights");
    expect((await findTuned(store, query)).stale?.join()).toContain("model's file changed");
  });
});
