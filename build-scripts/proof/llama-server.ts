import { type Server, type ServerOptions, withServer } from "./server.ts";

export interface LlamaServerOptions extends Omit<ServerOptions, "clients"> {
  readonly model: string;
  readonly slots: number;
  readonly threads: number;
}

/** withServer for llama-server: `args` are flags besides those that every run has. */
export function withLlamaServer<T>(options: LlamaServerOptions, use: (server: Server) => Promise<T>): Promise<T> {
  const { model, slots, threads, args } = options;
  const flags = [
    ...["--model", model, "--no-ui", "--offline", "--cache-ram", "0"],
    ...["--parallel", `${slots}`, "--ctx-size", `${slots * 2048}`, "--threads", `${threads}`],
    ...["--threads-batch", `${threads}`, ...args],
  ];
  return withServer({ ...options, args: flags, clients: slots }, use);
}
