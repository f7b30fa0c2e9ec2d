import { ensureBuild } from "../../build-scripts/build.ts";
import { ENGINES } from "../../build-scripts/options.ts";
import { progressReporter } from "../../build-scripts/progress.ts";

/** Before the tests with real processes: the default builds, from the cache or new, so that none lacks an engine. */
export async function setup(): Promise<void> {
  for (const engine of ENGINES)
    await ensureBuild({ engine, mode: "require", report: progressReporter(process.stderr) });
}
