import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bytesOf, type Footprint, Footprints } from "../../src/worker/footprint.ts";

describe("footprints", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => vi.useRealTimers());

  /** Counts the readings; each takes so many milliseconds. */
  function counted(takes: number) {
    const read: number[] = [];
    const footprints = new Footprints(async (pid): Promise<Footprint> => {
      read.push(pid);
      vi.advanceTimersByTime(takes);
      return { at: performance.now(), cpuSeconds: read.length, rss: null, pss: null };
    });
    return { read, footprints };
  }

  it("are read again when a second has passed, and not before", async () => {
    const { read, footprints } = counted(0);
    await footprints.of([7, 8]);
    vi.advanceTimersByTime(999);
    expect((await footprints.of([7, 8])).get(8)?.cpuSeconds).toBe(2);
    vi.advanceTimersByTime(1);
    await footprints.of([7]);
    expect(read).toEqual([7, 8, 7]);
  });

  it("are read the less often the longer a reading takes", async () => {
    const { read, footprints } = counted(500);
    await footprints.of([7]);
    vi.advanceTimersByTime(9_000);
    await footprints.of([7]);
    expect(read).toEqual([7]);
    vi.advanceTimersByTime(1_000);
    await footprints.of([7]);
    expect(read).toEqual([7, 7]);
  });

  it("of processes that are gone are forgotten", async () => {
    const { read, footprints } = counted(0);
    await footprints.of([7]);
    await footprints.of([]);
    await footprints.of([7]);
    expect(read).toEqual([7, 7]);
  });
});

describe("the footprint of a process", () => {
  it("is null where the system does not tell", async () => {
    const gone = (await new Footprints().of([4_194_305])).get(4_194_305);
    expect(gone).toMatchObject({ cpuSeconds: null, rss: null, pss: null });
  });

  it.runIf(process.platform === "linux")("of this one is what it takes", async () => {
    const own = (await new Footprints().of([process.pid])).get(process.pid);
    expect(own?.rss).toBeGreaterThan(10_000_000);
    expect(own?.pss).toBeGreaterThan(10_000_000);
    expect(own?.pss).toBeLessThanOrEqual((own?.rss ?? 0) * 1.5);
    expect(own?.cpuSeconds).toBeGreaterThan(0);
  });

  it("is read from lines of kibibytes", () => {
    const text = "Rss:     2048 kB\nPss:     1024 kB\nPss_Dirty:    4 kB\n";
    expect(bytesOf(text, "Pss")).toBe(1_048_576);
    expect(bytesOf(text, "Swap")).toBeNull();
    expect(bytesOf("", "Pss")).toBeNull();
  });
});
