import { setTimeout as sleep } from "node:timers/promises";
import { randomFrom } from "../../src/load/prompts.ts";
import { median } from "../../src/load/statistics.ts";
import { type Answer, type Client, insist, type Question } from "../kit/client.ts";

export interface ChatLoad {
  /** Chats at once, which should be more than there are slots. */
  readonly chats: number;
  readonly turns: number;
  /** Tokens of each answer. */
  readonly answer: number;
  /** Seconds that a user reads and writes between an answer and the next question, on average; half to one and a half. */
  readonly pause: number;
}

interface Turn {
  /** From 1. */
  readonly turn: number;
  /** Milliseconds. */
  readonly firstToken: number;
}

export interface ChatsResult {
  readonly turns: readonly Turn[];
  /** Tokens of answers a second, from the first question to the last answer's end. */
  readonly throughput: number;
}

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Each is some six tokens of the random model, which knows little but letters. */
const WORDS =
  "river stone quiet amber field winter carry bright under seven morning glass follow paper green silver".split(" ");
export const WORDS_OF = { system: 8, first: 60, next: 3, answer: 2 } as const;

/**
 * The usual pause, in prompts that one worker computes meanwhile: with 16 chats two workers, each slower while the other
 * computes, are then busy all the time if they know half of the prompts, and have time to spare if they know most.
 */
export const PROMPTS_A_PAUSE = 4;

/** Pauses within which all chats begin. */
const BEGIN_WITHIN = 2;

/** The prompt of a chat's middle turn on a worker that knows none of it. */
export interface MeasuredPrompt {
  readonly seconds: number;
  readonly tokens: number;
}

/** How often a prompt is measured: the machine's speed changes. */
const LOOKS = 5;

/** Asks one at a time, each with another text. */
export async function measurePrompt(client: Client, turns: number, who: string): Promise<MeasuredPrompt> {
  const random = randomFrom(1);
  const words = WORDS_OF.system + WORDS_OF.first + (turns / 2) * (WORDS_OF.next + WORDS_OF.answer);
  const ask = async (): Promise<MeasuredPrompt> => {
    const given = await client.ask(questionOf([{ role: "user", content: wordsOf(random, words) }], 1));
    checkAnswer(given, 1, who);
    return { seconds: given.firstByte / 1_000, tokens: countOf(given, "prompt_tokens") };
  };
  // The first one after the start is slower.
  await ask();
  const looks: MeasuredPrompt[] = [];
  while (looks.length < LOOKS) looks.push(await ask());
  return { seconds: median(looks.map(({ seconds }) => seconds)), tokens: median(looks.map(({ tokens }) => tokens)) };
}

/** What follows from which seed: two runs with the same times and other texts are as like each other as can be. */
export interface Seeds {
  readonly times: number;
  readonly texts: number;
}

/** Chats side by side, each of so many turns; all that is asked follows from the seeds. Throws when an answer fails. */
export async function holdChats(client: Client, load: ChatLoad, seeds: Seeds, who: string): Promise<ChatsResult> {
  const system: Message = { role: "system", content: wordsOf(randomFrom(seeds.texts), WORDS_OF.system) };
  const began = performance.now();
  const held = await Promise.all(
    Array.from({ length: load.chats }, async (_, chat) => {
      const time = randomFrom(seeds.times + chat + 1);
      // Users don't all begin at once.
      await sleep(time() * BEGIN_WITHIN * load.pause * 1_000);
      return holdChat(client, system, load, { time, text: randomFrom(seeds.texts + chat + 1) }, who);
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  return { turns: held.flat(), throughput: (load.chats * load.turns * load.answer) / seconds };
}

async function holdChat(
  client: Client,
  system: Message,
  { turns, answer, pause }: ChatLoad,
  { time, text }: { time: () => number; text: () => number },
  who: string,
): Promise<Turn[]> {
  const messages: Message[] = [system];
  const done: Turn[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    messages.push({ role: "user", content: wordsOf(text, turn === 1 ? WORDS_OF.first : WORDS_OF.next) });
    const given = await client.ask(questionOf(messages, answer));
    checkAnswer(given, answer, who);
    done.push({ turn, firstToken: given.firstByte });
    // A random model's answer is no text: a short text stands for it.
    messages.push({ role: "assistant", content: wordsOf(text, WORDS_OF.answer) });
    if (turn < turns) await sleep((0.5 + time()) * pause * 1_000);
  }
  return done;
}

function questionOf(messages: readonly Message[], answer: number): Question {
  const body = {
    messages,
    max_tokens: answer,
    ignore_eos: true,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  };
  return { path: "/v1/chat/completions", body: Buffer.from(JSON.stringify(body)), streamed: true };
}

function checkAnswer(given: Answer, tokens: number, who: string): void {
  insist([given], who);
  const counted = countOf(given, "completion_tokens");
  if (counted !== tokens) throw new Error(`${who}: an answer of ${counted} tokens where ${tokens} were asked for.`);
}

function countOf({ tail }: Answer, what: "prompt_tokens" | "completion_tokens"): number {
  return Number(new RegExp(`"${what}":\\s*(\\d+)`).exec(tail)?.[1]);
}

function wordsOf(random: () => number, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)]).join(" ");
}
