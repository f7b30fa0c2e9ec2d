import { join } from "node:path";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import type { Check } from "../manifest.ts";
import { failureOf, wrongText } from "../proof/failure.ts";
import { type Server, withServer } from "../proof/server.ts";
import type { Message } from "../proof/texts.ts";
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
  const run = <T>(model: string, count: number, use: (server: Server) => Promise<T>): Promise<T> => {
    const args = ["--model", model, "--ctx-size", "2048", "--threads", `${count}`];
    return withServer({ program, args, clients: 1, dir: scratch, signal }, use);
  };
  const step = (name: string, find: (failures: Check["failures"]) => Promise<void>): ProofStep => {
    return async () => ({ check: await checked(name, find, signal) });
  };

  const script = (type: 1 | 2 | 3 | 4): ProofStep =>
    step(`${TYPES[type]}: the alphabet`, async (failures) => {
      const model = join(scratch, `scripted-${type}.bin`);
      await writeScriptedChatglm(model, { type, script: "alphabet" });
      await run(model, threads, async ({ ask }) => {
        for (const prompt of PROMPTS) {
          const { text } = await ask(said(prompt), 64);
          if (text !== ALPHABET) failures.push(wrongText(prompt, ALPHABET, text));
        }
      });
    });

  const reuse = lastOf(defines, "CHATGLM_PREFIX_REUSE") === "ON";
  const random = (type: 2 | 3 | 4): ProofStep =>
    step(
      `${TYPES[type]}: the same with and without a cached prefix, and with each number of threads`,
      async (failures) => {
        const model = join(scratch, `random-${type}.bin`);
        await writeRandomChatglm(model, { type });
        const right = await run(model, 1, async ({ ask }) => (await ask(said(LONG), ANSWER)).text);
        for (let count = 1; count <= threads; count++) {
          await run(model, count, async ({ ask }) => {
            for (const [index, turn] of TURNS.entries()) {
              const { text, cachedTokens } = await ask(said(turn), ANSWER);
              const name = `request ${index + 1} with ${count} threads, ${cachedTokens} tokens cached`;
              if (turn === LONG && text !== right) failures.push(wrongText(name, right, text));
              const again = turn === TURNS[index - 1];
              if (reuse && again && cachedTokens === 0) failures.push(wrongText(name, "a cached prefix", "none"));
            }
          });
        }
      },
    );

  const quantised = (type: 1 | 3, quantisation: "q4_0" | "q8_0"): ProofStep =>
    step(`${TYPES[type]}: random ${quantisation.toUpperCase()}`, async (failures) => {
      const model = join(scratch, `random-${type}-${quantisation}.bin`);
      await writeRandomChatglm(model, { type, quantisation });
      await run(model, threads, async ({ ask }) => {
        const [first, second] = [await ask(said(LONG), ANSWER), await ask(said(LONG), ANSWER)];
        if (first.text !== second.text) failures.push(wrongText("the same prompt", first.text, second.text));
      });
    });

  return [
    ...([1, 2, 3, 4] as const).map(script),
    ...([2, 3, 4] as const).map(random),
    ...[quantised(1, "q4_0"), quantised(3, "q4_0"), quantised(3, "q8_0")],
  ];
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
/** Whatever they say, the answer is the alphabet. */
const PROMPTS = ["Say it.", "请说出字母表。", "for (;;) { }\n\n  two  blanks", "🦉 zwölf Äpfel"];

/** Several hundred tokens: more than one piece of a prompt that is read in pieces. */
const LONG = Array.from(
  { length: 12 },
  (_, i) => `Lamp ${i} was lit before guest ${7 * i} arrived; 第 ${i} 位客人。`,
).join(" ");
const OTHER = Array.from(
  { length: 9 },
  (_, i) => `Nobody folds umbrella ${3 * i + 1} before the orchard wakes up.`,
).join(" ");
/** Read anew, reused, driven out, read anew. */
const TURNS = [LONG, LONG, OTHER, LONG];
/** Tokens of an answer. */
const ANSWER = 24;

function said(content: string): Message[] {
  return [{ role: "user", content }];
}

/** Throws only when cancelled: a server that dies is a failure like others. */
async function checked(
  name: string,
  find: (failures: Check["failures"]) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Check> {
  const began = performance.now();
  const failures: Check["failures"] = [];
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
