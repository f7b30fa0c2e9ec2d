/**
 * `npm run test:native [-- NAME]` and `npm run test:native:asan`: compiles chatglm-server's parts with their tests and
 * runs those whose name has NAME in it, with tiny models made for them. Objects stay in the cache, so that a second run
 * compiles what has changed only. `--chatglm-source DIR` and `--llama-source DIR` name sources that are not the pinned
 * ones.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, constants, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, say, setUp } from "./setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    asan: { type: "boolean", default: false },
    "chatglm-source": { type: "string" },
    "llama-source": { type: "string" },
  },
});

setUp();
const { cacheDir } = await import("../dist/build-scripts/cache.js");
const { placesIn } = await import("../dist/build-scripts/build-folder.js");
const { obtainSource } = await import("../dist/build-scripts/source/obtain.js");
const { chatglmPin } = await import("../dist/build-scripts/chatglm/pin.js");
const { chatglmRecipe } = await import("../dist/build-scripts/chatglm/recipe.js");
const { nativeFolder, REPLACEMENTS } = await import("../dist/build-scripts/chatglm/native.js");
const { llamaPin } = await import("../dist/build-scripts/llama/pin.js");
const { writeRandomChatglm } = await import("../dist/src/model/chatglm/random.js");
const { writeScriptedChatglm } = await import("../dist/src/model/chatglm/scripted.js");

const TYPES = [1, 2, 3, 4];
const kept = join(cacheDir(), "test");
const models = await mkdtemp(join(tmpdir(), "corral-native-models-"));
try {
  const program = await compiled(await definesOfSources());
  await makeModels(models);
  await run(program, [models, ...positionals], sanitizers());
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  await rm(models, { recursive: true, force: true });
}

/** Names chatglm.cpp with our replacements: copied once for each state of both, so that its objects stay good. */
async function definesOfSources() {
  const source = await obtain(chatglmPin, values["chatglm-source"]);
  const llama = await obtain(llamaPin, values["llama-source"]);
  const replacements = await readFile(join(nativeFolder, REPLACEMENTS));
  const key = createHash("sha256")
    .update(source.tree)
    .update(llama.dir)
    .update(replacements)
    .digest("hex")
    .slice(0, 12);
  const scratch = join(kept, `native-source-${key}`);
  const note = join(scratch, "prepared.json");
  if (!existsSync(note)) {
    await removeOthers("native-source-", scratch);
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    const given = await chatglmRecipe.prepare({ source, scratch, obtain: async () => llama });
    for (const missing of given.gaveUp) say(`without ${missing}`);
    await writeFile(note, JSON.stringify(given.defines));
  }
  return JSON.parse(await readFile(note, "utf8"));
}

function obtain(pin, folder) {
  const into = join(placesIn(cacheDir()).sources, pin.tree);
  return obtainSource({ pin, folder, unverified: folder !== undefined, into });
}

/** Path of the program with the tests. CMake ties a build to its checkout, so each checkout has its own. */
async function compiled(defines) {
  const kind = values.asan ? "asan" : "plain";
  const key = createHash("sha256").update(nativeFolder).digest("hex").slice(0, 12);
  const build = join(kept, `native-${kind}-${key}`);
  await removeOrphans();
  say(`compiling chatglm-server's tests in ${build}`);
  const own = ["CORRAL_NATIVE_TESTS=ON", `CORRAL_SANITIZE=${values.asan ? "ON" : "OFF"}`];
  const settings = [...chatglmRecipe.defines, ...defines, ...own].map((define) => `-D${define}`);
  await run("cmake", ["-S", nativeFolder, "-B", build, "--log-level=ERROR", "-Wno-dev", ...settings]);
  const target = ["--target", "chatglm-server-test", "--parallel", String(availableParallelism())];
  await run("cmake", ["--build", build, ...target]);
  return join(build, "bin", "chatglm-server-test");
}

/** Of other sources or replacements: some 300 MB each. */
async function removeOthers(prefix, current) {
  const names = await readdir(kept).catch(() => []);
  const others = names.filter((name) => name.startsWith(prefix) && join(kept, name) !== current);
  for (const name of others) await rm(join(kept, name), { recursive: true, force: true });
}

/** Builds whose checkout is gone, and those cut off before CMake noted it: some 300 MB each. */
async function removeOrphans() {
  const names = await readdir(kept).catch(() => []);
  for (const name of names.filter((name) => /^native-(plain|asan)-/.test(name))) {
    const cache = await readFile(join(kept, name, "CMakeCache.txt"), "utf8").catch(() => "");
    const checkout = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1];
    if (!checkout || !existsSync(checkout)) await rm(join(kept, name), { recursive: true, force: true });
  }
}

/** What native/chatglm-server/tests/main.cpp lists. */
async function makeModels(folder) {
  for (const type of TYPES) {
    for (const quantisation of ["f32", "f16", "q8_0", "q4_0"]) {
      await writeRandomChatglm(join(folder, `random-${type}-${quantisation}.bin`), { type, quantisation });
    }
    for (const script of ["alphabet", "endless"]) {
      await writeScriptedChatglm(join(folder, `${script}-${type}.bin`), { type, script });
    }
  }
}

/** The first finding ends the run. Third parties' are left out by name: see tests/ubsan.supp. */
function sanitizers() {
  const known = join(nativeFolder, "tests", "ubsan.supp");
  return {
    ASAN_OPTIONS: "strict_string_checks=1:detect_stack_use_after_return=1",
    UBSAN_OPTIONS: `halt_on_error=1:print_stacktrace=1:suppressions=${known}`,
  };
}

/** Resolves when the program ends well. */
function run(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    const pass = (signal) => child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
    child.on("error", (error) => reject(new Error(`${program} could not be started (${error.message}). Install it.`)));
    child.on("exit", (code, signal) => {
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, pass);
      if (code === 0) return resolve();
      reject(new Error(`${program} ended with ${signal ?? code}`));
      if (signal) process.exit(128 + constants.signals[signal]);
    });
  });
}
