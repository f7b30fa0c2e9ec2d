/**
 * Makes a checkout ready to run: Node's version, dependencies, compiled TypeScript. Each step is left out when there
 * is nothing to do. Plain JavaScript without dependencies, because it runs before anything is installed, and in syntax
 * that an old Node can read, so that it can say what is wrong.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends the process with exit code 1 when a step fails; what failed has then been printed. */
export function setUp() {
  checkNode();
  installDependencies();
  compile();
}

export function checkNode(version = process.versions.node) {
  const { engines } = readJson(join(root, "package.json"));
  const [major = 0, minor = 0] = engines.node.match(/\d+/g).map(Number);
  const [ourMajor, ourMinor] = version.split(".").map(Number);
  if (ourMajor > major || (ourMajor === major && ourMinor >= minor)) return;
  stop(`corral needs Node ${major}.${minor} or newer, and this is ${version}. Get one from https://nodejs.org`);
}

function installDependencies() {
  if (isInstalled(root)) return;
  say("installing dependencies (npm ci)");
  runNpm(["ci"], "The dependencies could not be installed. Mend what npm says above and try again.");
}

export function compile() {
  const stamp = join(root, "dist", ".compiled");
  if (existsSync(stamp) && modifiedAt(stamp) >= newestSource(root)) return;
  say("compiling TypeScript");
  // Taken before: a file that is saved while the compiler runs is newer than the stamp.
  const started = new Date();
  runNpm(["run", "--silent", "build"], "The TypeScript did not compile. The errors are above.");
  writeFileSync(stamp, `${started.toISOString()}\n`);
}

/** Every package that package-lock.json demands is in node_modules in that version, by npm's own record of it. */
function isInstalled(folder) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  return Object.entries(readJson(join(folder, "package-lock.json")).packages).every(
    ([path, { version, optional, devOptional }]) =>
      path === "" || optional || devOptional || installed[path]?.version === version,
  );
}

/** In ms since 1970, of what the compiler reads. */
function newestSource(folder) {
  const files = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"].map((name) => join(folder, name));
  const trees = ["src", "build-scripts", "bench", "examples"].flatMap((name) => sourcesIn(join(folder, name)));
  return Math.max(...[...files, ...trees].filter((path) => existsSync(path)).map(modifiedAt));
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function modifiedAt(path) {
  return statSync(path).mtimeMs;
}

/** The npm that runs us, where one does. Its output goes where ours goes. */
function runNpm(args, failure) {
  const own = process.env.npm_execpath;
  const [program, first] = own?.endsWith(".js") ? [process.execPath, [own]] : ["npm", []];
  const { status, error } = spawnSync(program, [...first, ...args], { cwd: root, stdio: "inherit" });
  if (error) stop(`npm could not be started (${error.message}). Install npm and try again.`);
  if (status !== 0) stop(failure);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** To stderr: stdout belongs to the command that follows. */
export function say(line) {
  process.stderr.write(`corral: ${line}\n`);
}

function stop(line) {
  say(line);
  process.exit(1);
}

function isRunAs(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

if (isRunAs(import.meta.url)) setUp();
