import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("./synthetic-server.js", import.meta.url));

/** The command line of the synthetic worker, the same whoever starts it: the benchmark or corral's supervisor. */
export function syntheticCommand({
  host,
  port,
  keyFile,
  pace,
}: {
  host: string;
  port: number;
  keyFile: string;
  pace: number;
}): {
  program: string;
  args: string[];
} {
  const flags = { host, port, "api-key-file": keyFile, pace };
  return {
    program: process.execPath,
    args: [SERVER, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])],
  };
}
