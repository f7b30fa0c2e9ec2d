/**
 * After `npm install`: builds the engines, so that the first start is quick. CORRAL_BUILD says how:
 * auto (default): build, and never fail the install: the first start tries again; skip: do nothing;
 * require: build, also in a checkout, and fail the install when that fails.
 * Few need the second engine: where it can't be built that is said, and the install goes on in any mode.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { compile, root, say } from "./setup.mjs";

const MODES = ["auto", "skip", "require"];

const mode = process.env.CORRAL_BUILD || "auto";
if (!MODES.includes(mode)) {
  say(`CORRAL_BUILD=${mode} is not one of ${MODES.join(", ")}: nothing is built now, the first start will.`);
} else if (mode === "require") {
  if (isCheckout()) compile();
  await build().catch((error) => {
    say(`${messageOf(error)}\ncorral: the install fails because CORRAL_BUILD=require.`);
    process.exitCode = 1;
  });
} else if (mode === "auto") {
  // In a checkout this runs before the TypeScript is compiled; whoever works on corral decides when to build.
  if (isCheckout()) say("the first start will build llama-server for this CPU.");
  else
    await build().catch((error) =>
      say(`${messageOf(error)}\ncorral: the install goes on; the first start tries again.`),
    );
}

async function build() {
  const { ensureBuild } = await import("../dist/build-scripts/build.js");
  const { progressReporter } = await import("../dist/build-scripts/progress.js");
  const options = { mode, report: progressReporter(process.stderr) };
  await ensureBuild({ engine: "llama", ...options });
  await ensureBuild({ engine: "chatglm", ...options }).catch((error) =>
    say(`${messageOf(error)}\ncorral: it goes without chatglm-server; the first start that needs it tries again.`),
  );
}

function isCheckout() {
  return existsSync(join(root, "src")) || !existsSync(join(root, "dist", "build-scripts", "build.js"));
}

function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
