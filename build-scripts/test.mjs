/**
 * `npm test`: sets up what is missing, builds the engines that the tests run (or finds them in the cache), then runs
 * vitest with the arguments given here, and ends as it ends.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";

setUp();
const { ENGINES, ensureBuild } = await import("../dist/build-scripts/build.js");
const { progressReporter } = await import("../dist/build-scripts/progress.js");
try {
  for (const engine of ENGINES) {
    await ensureBuild({ engine, mode: "require", report: progressReporter(process.stderr) });
  }
} catch (error) {
  process.stderr.write(`corral: ${error.code ? error.message : error.stack}\n`);
  process.exit(1);
}

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const child = spawn(process.execPath, [vitest, "run", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
