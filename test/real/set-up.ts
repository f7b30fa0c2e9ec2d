import { ensureBuild } from "../../build-scripts/build.ts";
import { progressReporter } from "../../build-scripts/progress.ts";

/** Before the tests with real processes: the default build, from the cache or new, so that none lacks an engine. */
export async function setup(): Promise<void> {
  await ensureBuild({ engine: "llama", mode: "require", report: progressReporter(process.stderr) });
}
