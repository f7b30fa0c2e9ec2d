import { request } from "undici";
import { rotated } from "../kit/rotated.ts";
import type { Server } from "./servers.ts";

export interface Load {
  readonly rounds: number;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly threads: readonly number[];
}

/** Tokens per second of one answer. */
export interface Cell {
  readonly program: string;
  readonly threads: number;
  readonly round: number;
  readonly prefill: number;
  readonly decode: number;
}

/** The servers one after the other, begun with another one each round; the first round warms up and does not count. */
export async function measure(servers: readonly Server[], load: Load, report: (line: string) => void): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (let round = 0; round <= load.rounds; round += 1) {
    report(round === 0 ? "warming up" : `round ${round} of ${load.rounds}`);
    for (const server of rotated(servers, round)) {
      const rates = await ask(server, promptOf(round, load.promptTokens), load.tokens);
      if (round > 0) cells.push({ program: server.program, threads: server.threads, round, ...rates });
    }
  }
  return cells;
}

/** Words that both tokenizers cut into one token a word at most, begun differently each round. */
function promptOf(round: number, tokens: number): string {
  return Array.from({ length: tokens }, (_, index) => ((index * 7_919 + round * 104_729) % 10).toString()).join("");
}

async function ask(
  { program, origin }: Server,
  prompt: string,
  tokens: number,
): Promise<Pick<Cell, "prefill" | "decode">> {
  const { statusCode, body } = await request(`${origin}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt, max_tokens: tokens, temperature: 0, ignore_eos: true, cache_prompt: false }),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${program} answered ${statusCode}: ${text.slice(0, 300)}`);
  const { timings } = JSON.parse(text) as { timings: Record<string, number> };
  const { prompt_per_second: prefill = Number.NaN, predicted_per_second: decode = Number.NaN, predicted_n } = timings;
  if (predicted_n !== tokens) throw new Error(`${program} wrote ${predicted_n} tokens instead of ${tokens}.`);
  return { prefill, decode };
}
