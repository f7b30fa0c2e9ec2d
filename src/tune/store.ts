import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorralError } from "../errors.ts";
import { fileNameOf, type TuneIdentity } from "./identity.ts";
import { recordSchema, type TuneRecord } from "./record.ts";

/** One JSON file for each thing that was tuned, in the folder `tuned` of the cache. */
export class TuneStore {
  readonly #folder: string;

  constructor(cacheDir: string) {
    this.#folder = join(cacheDir, "tuned");
  }

  pathOf(identity: TuneIdentity): string {
    return join(this.#folder, `${fileNameOf(identity)}.json`);
  }

  /** Null where there is none, or it is damaged, or another version of corral wrote it. */
  async read(identity: TuneIdentity): Promise<TuneRecord | null> {
    return readRecord(this.pathOf(identity));
  }

  /** All that parse, those measured last first. */
  async all(): Promise<TuneRecord[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".json"));
    const records = await Promise.all(names.map((name) => readRecord(join(this.#folder, name))));
    const measuredAt = ({ tuned }: TuneRecord) => tuned?.measuredAt ?? "";
    return records.filter((record) => record !== null).sort((a, b) => measuredAt(b).localeCompare(measuredAt(a)));
  }

  /** Atomic: a reader sees all of it or what was there before. @throws CorralError CORRAL_WRITE_FAILED */
  async write(record: TuneRecord): Promise<void> {
    const path = this.pathOf(record.identity);
    const draft = `${path}.${randomUUID()}`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(draft, `${JSON.stringify(recordSchema.parse(record), null, 1)}\n`);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw new CorralError(
        "CORRAL_WRITE_FAILED",
        `What was measured could not be kept in ${path}: ${error instanceof Error ? error.message : error}. Make room, or set CORRAL_CACHE_DIR to a folder that can be written.`,
        { cause: error, facts: { path } },
      );
    }
  }
}

async function readRecord(path: string): Promise<TuneRecord | null> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
