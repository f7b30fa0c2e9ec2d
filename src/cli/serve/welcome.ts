import { type GatewayAddress, isJournal, type ServedModel } from "../../index.ts";
import { coloursFor } from "../terminal/colour.ts";

/** What a person at a terminal wants to know first: what serves, and how to ask it. */
export function welcome(models: readonly ServedModel[], { examples }: GatewayAddress): string {
  const { bold, dim } = coloursFor(process.stdout);
  return [
    ...models.map(line),
    "",
    dim("# in a shell"),
    bold(examples.curl),
    "",
    dim("// in JavaScript, with the package openai"),
    examples.javascript,
    "",
  ].join("\n");
}

function line(model: ServedModel): string {
  const { name, plan, state } = model;
  if (state === "idle") return `ready: ${name} (loaded by its first request)`;
  if (state === "failed") return `failed: ${name} (the log says why)`;
  const { workers = [], slots = 0 } = plan ?? {};
  const threads = workers[0]?.threads ?? 0;
  const running = model.stats().workers.length;
  const count = running < workers.length ? `${running} of at most ${workers.length}` : running;
  return `ready: ${name} (workers: ${count}, threads: ${threads} and slots: ${slots} in each)`;
}

/** For a person at a terminal, or a script; the journal has the log. */
export function print(text: string): void {
  if (!isJournal(process.stdout.fd)) process.stdout.write(`${text}\n`);
}
