import { join } from "node:path";
import { writeEchoModel } from "../../src/model/echo.ts";
import { writeRandomModel } from "../../src/model/random.ts";
import { bench } from "../proof/bench.ts";
import { checkEcho, ECHO_RUNS } from "../proof/echo.ts";
import { checkRandom } from "../proof/random.ts";
import { type Proof, type ProofStep, type ProveOptions, prove } from "../prove.ts";

/**
 * Times as loud as the quiet echo, whose scores just fit half precision: 1.6 * 10^5, as large as some real models'.
 * A build that sums in half precision gets it wrong, and nothing else does.
 */
const LOUD = 5;

/**
 * Whether llama-server and llama-bench compute right: models whose answer is known come back word for word, and
 * quantised ones run without dying. Well under a minute.
 */
export function proveLlama(options: ProveOptions): Promise<Proof> {
  return prove(options, (scratch) => stepsOf(options, scratch));
}

/** What a build has to do, cheapest first. */
function stepsOf({ dir, arithmetic, threads, signal }: ProveOptions, scratch: string): readonly ProofStep[] {
  const server = { program: join(dir, "llama-server"), threads, dir: scratch, signal };
  const echo = (name: string, loud: number, demanded: boolean): ProofStep[] => {
    const model = join(scratch, `echo-${loud}.gguf`);
    return ECHO_RUNS.map((run, index) => async () => {
      if (index === 0) await writeEchoModel(model, { loud, type: "f16" });
      return { check: await checkEcho({ name, model, run, demanded, ...server }) };
    });
  };
  const random = (type: "q4_0" | "q8_0"): ProofStep => {
    const model = join(scratch, `random-${type}.gguf`);
    const name = `random ${type.toUpperCase()}`;
    return async () => {
      await writeRandomModel(model, { preset: "tiny", type });
      return checkRandom({
        name,
        run: () => bench({ program: join(dir, "llama-bench"), model, name, threads, signal }),
        server: { ...server, model },
      });
    };
  };
  return [...echo("echo", 1, true), ...echo("loud echo", LOUD, arithmetic === "safe"), random("q4_0"), random("q8_0")];
}
