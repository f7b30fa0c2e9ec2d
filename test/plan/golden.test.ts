import { expect, test } from "vitest";
import { renderPlan } from "../../src/cli/plan.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { CorralError } from "../../src/errors.ts";
import type { ModelDescription } from "../../src/model/description.ts";
import { makePlan } from "../../src/plan/make.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { eightBillion, halfBillion } from "./models.ts";

const MACHINES = [
  "vps-2-cores",
  "container-quota",
  "container-cgroup-v1",
  "limit-4-gib",
  "desktop-16-cores",
  "laptop-hybrid",
  "server-2-sockets",
  "board-aarch64",
] as const;

const MODELS = { "0.5b": halfBillion, "8b": eightBillion } as const;

const CASES = MACHINES.flatMap((machine) => Object.entries(MODELS).map(([size, model]) => ({ machine, size, model })));

/** What `corral plan --why` prints on each machine, to be read by a person: `npx vitest run -u` writes them anew. */
test.each(CASES)("$machine, $size", async ({ machine, size, model }) => {
  const text = await textOf(machine, model);
  await expect(`${text}\n`).toMatchFileSnapshot(`golden/${machine}.${size}.txt`);
});

async function textOf(machine: string, model: ModelDescription): Promise<string> {
  try {
    return renderPlan(makePlan(await knownMachine(machine), model, llama), coloursFor({}), { why: true });
  } catch (error) {
    if (error instanceof CorralError) return `${error.message} [${error.code}]`;
    throw error;
  }
}
