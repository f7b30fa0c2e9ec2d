import { type Answer, askInLoops, type Client, insist, type Question } from "../kit/client.ts";

/** A short prompt and an answer of exactly `tokens` tokens, whatever the model would like to say. */
function questionOf(tokens: number): Question {
  const body = {
    prompt: "Seven wizards quietly mix black liquid opals.",
    max_tokens: tokens,
    ignore_eos: true,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  };
  return { path: "/v1/completions", body: Buffer.from(JSON.stringify(body)), streamed: true };
}

/** Tokens per second in all, from the first question to the last answer's end: what the user of the machine gets. */
export async function tokensPerSecond(
  client: Client,
  tokens: number,
  concurrency: number,
  who: string,
): Promise<number> {
  const started = performance.now();
  const answers = await askInLoops(
    client,
    questionOf(tokens),
    concurrency,
    (asked) => asked < Math.max(2, concurrency),
  );
  const seconds = (performance.now() - started) / 1000;
  insist(answers, who);
  return answers.reduce((sum, answer) => sum + tokensOf(answer, tokens, who), 0) / seconds;
}

/** What the engine counted; another number than asked for would compare unlike work. */
function tokensOf({ tail }: Answer, asked: number, who: string): number {
  const counted = Number(/"completion_tokens":\s*(\d+)/.exec(tail)?.[1]);
  if (counted !== asked) throw new Error(`${who}: an answer of ${counted} tokens where ${asked} were asked for.`);
  return counted;
}
