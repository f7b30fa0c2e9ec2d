import getPort from "get-port";
import { ensureBuild } from "../../build-scripts/build.ts";
import { progressReporter } from "../../build-scripts/progress.ts";
import { allowedCpus, pin } from "../kit/affinity.ts";
import { startChild } from "../kit/child.ts";
import { untilReady } from "../kit/ready.ts";

/** A program that serves the model, running. */
export interface Server {
  readonly program: string;
  readonly threads: number;
  readonly origin: string;
}

type Defer = (undo: () => void | Promise<void>) => void;

export const RIVAL = "chatglm-server";
export const CONVERTED = "llama-server, converted";
const CONTEXT = 2048;

/** Both programs, once for each number of threads. */
export async function startServers(
  { bin, gguf }: { readonly bin: string; readonly gguf: string },
  threads: readonly number[],
  defer: Defer,
): Promise<Server[]> {
  const report = progressReporter(process.stderr);
  const chatglm = await ensureBuild({ engine: "chatglm", report });
  const llama = await ensureBuild({ engine: "llama", report });
  const servers: Server[] = [];
  for (const count of threads) {
    const shared = ["-c", `${CONTEXT}`, "-t", `${count}`];
    const oneSequence = ["-tb", `${count}`, "-np", "1", "--cache-ram", "0", "--no-ui", "--offline"];
    servers.push(await start(RIVAL, chatglm.programs["chatglm-server"], ["-m", bin, ...shared], count, defer));
    servers.push(
      await start(CONVERTED, llama.programs["llama-server"], ["-m", gguf, ...shared, ...oneSequence], count, defer),
    );
  }
  return servers;
}

async function start(name: string, path: string, args: string[], threads: number, defer: Defer): Promise<Server> {
  const port = await getPort();
  const child = await startChild(path, [...args, "--host", "127.0.0.1", "--port", `${port}`]);
  defer(() => child.end());
  const origin = `http://127.0.0.1:${port}`;
  await untilReady(`${origin}/health`, name, 120_000);
  pin([child.pid], allowedCpus().slice(0, threads));
  return { program: name, threads, origin };
}
