import { Command } from "commander";
import { type Examination, examine } from "../index.ts";
import { formatBytes } from "./terminal/bytes.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";
import { table } from "./terminal/table.ts";

const EXAMPLES = `
Examples:
  corral doctor                           what is here, and what is missing with the way to get it
  corral doctor --json | jq '.builds[]'   each build: what it is, and what it has proved

Exit code 1 if something essential is missing. A missing compiler is not, where a proven build is there.`;

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check tools, CPU, memory and builds")
    .option("--json", "print what was found as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async ({ json }: { json?: true }) => {
      const found = await examine();
      process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : describe(found, coloursFor(process.stdout)));
      if (!found.healthy) process.exitCode = 1;
    });
}

function describe(found: Examination, colours: Colours): string {
  const { bold, green, red } = colours;
  const sections: [string, string][] = [
    ["Tools", toolLines(found, colours)],
    ["Machine", machineLines(found)],
    ["CPU features", featureLines(found, colours)],
    [`Builds in ${found.cacheDir}`, buildLines(found, colours)],
  ];
  const verdict = found.healthy ? green("All that is essential is there.") : red("Something essential is missing.");
  return [
    ...sections.map(([title, text]) => `${bold(title)}\n${text}\n`),
    ...found.problems.map((problem) => `- ${problem}`),
    `${verdict}\n`,
  ].join("\n");
}

const COLUMNS = [{ title: "" }, { title: "" }, { title: "" }];

function toolLines({ tools }: Examination, { green, red, yellow }: Colours): string {
  const rows = tools.map(({ name, essential, found, problem }) => [
    problem === null ? green("  ok") : essential ? red("  --") : yellow("  --"),
    name,
    problem ?? (found === null ? "" : `${found.version} (${found.path})`),
  ]);
  return table(COLUMNS, rows);
}

function machineLines({ machine }: Examination): string {
  const { cpuModel, cpus, cpuQuota, memory, numaNodes } = machine;
  const cores = new Set(cpus.map(({ core }) => core)).size;
  const rows = [
    ["  CPU", cpuModel],
    ["  cores", `${cpus.length} CPUs to use, ${cores} physical cores, NUMA nodes: ${numaNodes.length}`],
    ["  quota", cpuQuota === null ? "none" : `${cpuQuota} CPUs (cgroup)`],
    ["  memory", `${formatBytes(memory.available)} available of ${formatBytes(memory.total)}`],
    ["  limit", memory.limit === null ? "none" : `${formatBytes(memory.limit)} (cgroup)`],
  ];
  return table([{ title: "" }, { title: "" }], rows);
}

function featureLines({ notableFeatures }: Examination, { green, dim }: Colours): string {
  if (notableFeatures.length === 0) return dim("  none that corral knows of on this architecture");
  const rows = notableFeatures.map(({ name, present, meaning }) => [
    present ? green("  yes") : dim("  no"),
    name,
    meaning,
  ]);
  return table(COLUMNS, rows);
}

function buildLines({ builds, unbuilt }: Examination, colours: Colours): string {
  const none = unbuilt.map((engine) => colours.dim(`  none of ${engine} yet: corral build ${engine} makes one`));
  return [...builds.map((build) => buildLine(build, colours)), ...none].join("\n");
}

function buildLine(build: Examination["builds"][number], { green, red, yellow }: Colours): string {
  switch (build.state) {
    case "unfinished":
      return `  ${build.dir}: ${yellow("unfinished")}, made anew when it is needed`;
    case "damaged":
      return `  ${build.dir}: ${red("damaged")}: not as it was proven: ${build.damaged.join(", ")}`;
    case "other-cpu":
      return `  ${build.dir}: ${yellow("for another CPU")} (${build.manifest.cpu.model}), never run here`;
    case "outdated":
      return `  ${build.dir}: ${yellow("outdated")}, of another version of corral`;
    case "ready": {
      const { engine, rung, options, proof, failedRungs } = build.manifest;
      const failures = proof.checks.filter((check) => !check.passed).map(({ name }) => `failed: ${name}`);
      return [
        `  ${build.dir}: ${green("ready")}, sha256 holds`,
        `    ${engine.name} ${engine.version}, "${rung.name}", ${options.arithmetic} arithmetic`,
        `    proven: ${proof.checks.filter((check) => check.passed).length} of ${proof.checks.length} checks`,
        ...failedRungs.map(({ name, reason }) => `    before it "${name}" failed: ${reason}`),
        ...[...failures, ...build.warnings].map((text) => `    ${yellow(text)}`),
      ].join("\n");
    }
  }
}
