import { describe, expect, it } from "vitest";
import type { LossCause } from "../../src/loss.ts";
import type { Ending } from "../../src/proxy/attempt.ts";
import { Fingerprints } from "../../src/proxy/fingerprints.ts";
import type { Passage } from "../../src/proxy/passage.ts";
import { Quarantine } from "../../src/proxy/quarantine.ts";
import { Admission } from "../../src/route/admission.ts";
import { leastBusy } from "../../src/route/least-busy.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import { deferred } from "../pool/deferred.ts";

const ANSWERED: Ending = { kind: "answered" };
const lost = (cause: LossCause): Ending => ({ kind: "lost", cause, error: new Error(cause) });
const CULPRIT = { code: "CORRAL_REQUEST_KILLS_WORKER" };

/** One pool: a worker that serves, and those that are started in the place of dead ones. */
class Scene {
  readonly culprits = new Fingerprints(60_000);
  readonly admission = new Admission({ policy: leastBusy, limit: 10 });
  readonly readmitted: string[] = [];
  readonly quarantine = new Quarantine({
    admission: this.admission,
    culprits: this.culprits,
    readmit: (upstream) => {
      this.readmitted.push(upstream.id);
      this.admission.add(upstream);
    },
    seek: () => {},
  });
  /** `${request} on ${worker}`, in their order. */
  readonly runs: string[] = [];
  #starts = 0;

  worker(): LiveUpstream {
    const id = `w${this.#starts++}`;
    return new LiveUpstream({ id, endpoint: { kind: "unix", socketPath: "/x", key: "k" }, slots: 4 });
  }

  serving(): LiveUpstream {
    const worker = this.worker();
    this.admission.add(worker);
    return worker;
  }

  enter(text: string): Passage {
    return this.quarantine.enter({ method: "POST", path: "/x", headers: {}, body: Buffer.from(text) });
  }

  /** One attempt that ends as it is told. */
  run(passage: Passage, name: string, ending: Ending | Promise<Ending>, signal?: AbortSignal): Promise<Ending> {
    const task = async (lease: { upstream: { id: string } }): Promise<Ending> => {
      this.runs.push(`${name} on ${lease.upstream.id}`);
      return await ending;
    };
    return passage.run(task, { signal });
  }

  /** Requests that were in a worker when it crashed, the oldest first. */
  async crashed(...names: string[]): Promise<Passage[]> {
    const passages = names.map((name) => this.enter(name));
    await Promise.all(passages.map((passage, index) => this.run(passage, names[index] ?? "", lost("crashed"))));
    this.runs.length = 0;
    return passages;
  }
}

describe("Quarantine", () => {
  it("tries suspects one at a time, the newest first, and readmits the worker when all are done", async () => {
    const scene = new Scene();
    scene.serving();
    const [old, middle, young] = (await scene.crashed("old", "middle", "young")) as [Passage, Passage, Passage];
    const trial = deferred<Ending>();
    const settled = [
      scene.run(old, "old", ANSWERED),
      scene.run(middle, "middle", ANSWERED),
      scene.run(young, "young", trial.promise),
    ];
    const room = scene.worker();
    expect(scene.quarantine.offer(room)).toBe(true);
    expect([scene.runs, room.inFlight, scene.quarantine.suspects]).toEqual([["young on w1"], 1, 3]);
    trial.resolve(ANSWERED);
    expect(await Promise.all(settled)).toEqual([ANSWERED, ANSWERED, ANSWERED]);
    expect(scene.runs).toEqual(["young on w1", "middle on w1", "old on w1"]);
    expect([scene.readmitted, scene.quarantine.suspects, room.inFlight]).toEqual([["w1"], 0, 0]);
    expect(scene.culprits.size).toBe(0);
  });

  it("refuses the culprit from then on, and goes on with the others on the next worker", async () => {
    const scene = new Scene();
    scene.serving();
    const [innocent, culprit] = (await scene.crashed("innocent", "culprit")) as [Passage, Passage];
    const first = scene.run(innocent, "innocent", ANSWERED);
    const second = scene.run(culprit, "culprit", lost("crashed"));
    scene.quarantine.offer(scene.worker());
    scene.quarantine.lose("w1");
    await expect(second).rejects.toMatchObject(CULPRIT);
    culprit.leave();
    expect(scene.runs).toEqual(["culprit on w1"]);
    expect(scene.quarantine.offer(scene.worker())).toBe(true);
    expect(await first).toEqual(ANSWERED);
    expect(scene.runs).toEqual(["culprit on w1", "innocent on w2"]);
    await expect(scene.run(scene.enter("culprit"), "again", ANSWERED)).rejects.toMatchObject(CULPRIT);
    expect(await scene.run(scene.enter("other"), "other", ANSWERED)).toEqual(ANSWERED);
    expect(scene.runs.slice(2)).toEqual(["other on w0"]);
  });

  it.each(["killed", "stopped", "drain", "connection"] as const)(
    "says nothing of a suspect whose worker is lost by %s",
    async (cause) => {
      const scene = new Scene();
      scene.serving();
      const [suspect] = (await scene.crashed("suspect")) as [Passage];
      const trial = scene.run(suspect, "suspect", lost(cause));
      scene.quarantine.offer(scene.worker());
      expect(await trial).toEqual(lost(cause));
      expect([scene.culprits.size, scene.quarantine.suspects]).toEqual([0, 1]);
    },
  );

  it.each([
    ["refused with it when it is guilty", lost("hung"), ["rejected", "rejected"], ["twin"]],
    ["let through when it is innocent", ANSWERED, ["fulfilled", "fulfilled"], ["twin", "suspect"]],
  ])("keeps the same request waiting for the verdict: %s", async (_name, verdict, outcomes, runs) => {
    const scene = new Scene();
    scene.serving();
    const [suspect] = (await scene.crashed("same")) as [Passage];
    const trial = deferred<Ending>();
    const both = [scene.run(suspect, "suspect", trial.promise), scene.run(scene.enter("same"), "twin", trial.promise)];
    scene.quarantine.offer(scene.worker());
    expect(await scene.run(scene.enter("other"), "other", ANSWERED)).toEqual(ANSWERED);
    expect(scene.runs).toEqual(["twin on w1", "other on w0"]);
    trial.resolve(verdict);
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(outcomes);
    expect(scene.runs.map((run) => run.split(" ")[0]).filter((name) => name !== "other")).toEqual(runs);
  });

  it("holds back what waited for a slot while the same request killed a worker", async () => {
    const scene = new Scene();
    scene.serving();
    const blockers = Array.from({ length: 3 }, () => deferred<Ending>());
    for (const { promise } of blockers) void scene.run(scene.enter("b"), "b", promise);
    const crash = deferred<Ending>();
    const first = scene.run(scene.enter("same"), "first", crash.promise);
    const second = scene.run(scene.enter("same"), "second", lost("crashed"));
    crash.resolve(lost("crashed"));
    await first;
    await expect.poll(() => scene.quarantine.suspects).toBe(2);
    scene.quarantine.offer(scene.worker());
    await expect(second).rejects.toMatchObject(CULPRIT);
    expect(scene.runs.filter((run) => run.startsWith("second"))).toEqual(["second on w1"]);
  });

  it("lets a caller go, and tries its request when it comes again", async () => {
    const scene = new Scene();
    scene.serving();
    const [suspect] = (await scene.crashed("suspect")) as [Passage];
    const client = new AbortController();
    const waiting = scene.run(suspect, "suspect", ANSWERED, client.signal);
    client.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    suspect.leave();
    expect(scene.quarantine.suspects).toBe(0);
    expect(scene.quarantine.offer(scene.worker())).toBe(false);
    const again = scene.run(scene.enter("suspect"), "again", ANSWERED);
    expect(scene.quarantine.offer(scene.worker())).toBe(true);
    expect(await again).toEqual(ANSWERED);
    expect(scene.runs).toEqual(["again on w2"]);
  });

  it("takes back what it said of requests when the workers die of all of them", async () => {
    const scene = new Scene();
    scene.serving();
    const [one, two] = (await scene.crashed("one", "two")) as [Passage, Passage];
    const trials = [scene.run(two, "two", ANSWERED), scene.run(one, "one", lost("crashed"))];
    const told = Promise.allSettled(trials);
    scene.quarantine.offer(scene.worker());
    scene.quarantine.lose("w1");
    await expect(trials[1]).rejects.toMatchObject(CULPRIT);
    expect(scene.culprits.size).toBe(1);
    scene.quarantine.fail(new Error("the pool has failed"));
    expect(scene.culprits.size).toBe(0);
    expect((await told).map((result) => (result.status === "rejected" ? result.reason.message : ""))[0]).toBe(
      "the pool has failed",
    );
  });
});
