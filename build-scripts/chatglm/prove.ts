import { join } from "node:path";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import type { Check } from "../manifest.ts";
import { failureOf, wrongText } from "../proof/failure.ts";
import { type Answer, type Server, withServer } from "../proof/server.ts";
import { type Proof, type ProofStep, type ProveOptions, prove } from "../prove.ts";

/** What a model of a file's type is called. */
const TYPES = { 1: "ChatGLM", 2: "ChatGLM2", 3: "ChatGLM3", 4: "GLM4" } as const;

/**
 * Whether chatglm-server computes right: scripted models of every type say their script, random ones say the same to a
 * prompt that was read anew and to one that was not, whatever the number of threads, and quantised ones run. Seconds.
 */
export function proveChatglm(options: ProveOptions): Promise<Proof> {
  return prove(options, (scratch) => stepsOf(options, scratch));
}

/** What a build has to do, cheapest first. */
function stepsOf({ dir, defines, threads, signal }: ProveOptions, scratch: string): readonly ProofStep[] {
  const program = join(dir, "chatglm-server");
  const run: Run = (model, count, use) => {
    const args = ["--model", model, "--ctx-size", "2048", "--threads", `${count}`];
    return withServer({ program, args, clients: 1, dir: scratch, signal }, use);
  };
  const step = (name: string, find: (failures: Failures, model: string) => Promise<void>): ProofStep => {
    const model = join(scratch, `${name.replace(/\W+/g, "-")}.bin`);
    return async () => ({ check: await checked(name, (failures) => find(failures, model), signal) });
  };
  const reuse = lastOf(defines, "CHATGLM_PREFIX_REUSE") === "ON";
  return [
    ...([1, 2, 3, 4] as const).map((type) =>
      step(`${TYPES[type]}: the alphabet`, async (failures, model) => {
        await writeScriptedChatglm(model, { type, script: "alphabet" });
        await checkScript({ model, run, failures });
      }),
    ),
    ...([2, 3, 4] as const).map((type) =>
      step(`${TYPES[type]}: prompts cached and not, 1 thread to ${threads}`, async (failures, model) => {
        await writeRandomChatglm(model, { type });
        await checkReuse({ model, run, failures, threads, reuse });
      }),
    ),
    ...QUANTISED.map(([type, quantisation]) =>
      step(`${TYPES[type]}: random ${quantisation.toUpperCase()}`, async (failures, model) => {
        await writeRandomChatglm(model, { type, quantisation });
        await checkRepeated({ model, run, failures });
      }),
    ),
  ];
}

const QUANTISED = [
  [1, "q4_0"],
  [3, "q4_0"],
  [3, "q8_0"],
] as const;

/** Serves a model with so many threads. */
type Run = <T>(model: string, threads: number, use: (server: Server) => Promise<T>) => Promise<T>;
type Failures = Check["failures"];

interface Case {
  readonly model: string;
  readonly run: Run;
  readonly failures: Failures;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
/** Whatever they say, the answer is the alphabet. */
const PROMPTS = ["Say it.", "请说出字母表。", "for (;;) { }\n\n  two  blanks", "🦉 zwölf Äpfel"];

function checkScript({ model, run, failures }: Case): Promise<void> {
  return run(model, 1, async (server) => {
    for (const prompt of PROMPTS) {
      const { text } = await say(server, prompt, 64);
      if (text !== ALPHABET) failures.push(wrongText(prompt, ALPHABET, text));
    }
  });
}

/** Several hundred tokens: more than one piece of a prompt that is read in pieces. */
const LONG = repeated(12, (i) => `Lamp ${i} was lit before guest ${7 * i} arrived; 第 ${i} 位客人。`);
const OTHER = repeated(9, (i) => `Nobody folds umbrella ${3 * i + 1} before the orchard wakes up.`);
/** Read anew, reused, driven out, read anew. */
const TURNS = [LONG, LONG, OTHER, LONG];

/** One thread takes all turns; more than one computes to the same bit. */
async function checkReuse(given: Case & { readonly threads: number; readonly reuse: boolean }): Promise<void> {
  const { model, run, failures, threads, reuse } = given;
  let right: string | undefined;
  for (let count = 1; count <= threads; count++) {
    await run(model, count, async (server) => {
      const turns = count === 1 ? TURNS : TURNS.slice(0, 2);
      for (const [index, turn] of turns.entries()) {
        const { text, cachedTokens } = await say(server, turn);
        if (turn !== LONG) continue;
        right ??= text;
        const name = `request ${index + 1} with ${count} threads, ${cachedTokens} tokens cached`;
        if (text !== right) failures.push(wrongText(name, right, text));
        if (reuse && turns[index - 1] === LONG && cachedTokens === 0) {
          failures.push(wrongText(name, "a cached prefix", "none"));
        }
      }
    });
  }
}

function checkRepeated({ model, run, failures }: Case): Promise<void> {
  return run(model, 1, async (server) => {
    const [first, second] = [await say(server, LONG), await say(server, LONG)];
    if (first.text !== second.text) failures.push(wrongText("the same prompt", first.text, second.text));
  });
}

/** Few tokens: two threads that spin at each other's barriers take half a second for one on a busy CPU. */
function say({ ask }: Server, content: string, maxTokens = 16): Promise<Answer> {
  return ask([{ role: "user", content }], maxTokens);
}

/** Throws only when cancelled: a server that dies is a failure like others. */
async function checked(
  name: string,
  find: (failures: Failures) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Check> {
  const began = performance.now();
  const failures: Failures = [];
  try {
    await find(failures);
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(failureOf(error));
  }
  return { name, passed: failures.length === 0, demanded: true, seconds: (performance.now() - began) / 1000, failures };
}

/** The value of a CMake entry, as the last one of its name gives it. */
function lastOf(defines: readonly string[], name: string): string | undefined {
  return defines.findLast((define) => define.startsWith(`${name}=`))?.slice(name.length + 1);
}

function repeated(count: number, sentence: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => sentence(index)).join(" ");
}
