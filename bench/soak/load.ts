import { randomBytes, randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

export const MODELS = ["one", "two", "three"] as const;

const LOOPS = 4;
/** Said by corral of a request whose worker died with it. */
const LOST = "CORRAL_WORKER_LOST";

interface Counts {
  plain: number;
  streams: number;
  /** Clients that went away in the middle. */
  left: number;
  lost: number;
  /** Why, one for each. */
  failed: string[];
}

/** Clients of several kinds that ask all models without pause. The models repeat what they are told. */
export class MixedLoad {
  readonly counts: Counts = { plain: 0, streams: 0, left: 0, lost: 0, failed: [] };
  readonly #origin: string;
  readonly #agent = new Agent({ connections: 16, headersTimeout: 120_000 });
  readonly #loops: Promise<void>[];
  #isOver = false;
  #ended: Promise<void> | null = null;

  constructor(origin: string) {
    this.#origin = origin;
    this.#loops = Array.from({ length: LOOPS }, () => this.#loop());
  }

  /** Lets it run for so long. */
  async run(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** Idempotent. */
  end(): Promise<void> {
    this.#isOver = true;
    this.#ended ??= Promise.all(this.#loops).then(() => this.#agent.close());
    return this.#ended;
  }

  async #loop(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#ask();
      } catch (error) {
        this.counts.failed.push(String(error));
      }
      // A service has pauses, and a machine of two cores other work.
      await sleep(randomInt(20, 200));
    }
  }

  async #ask(): Promise<void> {
    const kind = (["plain", "plain", "streams", "streams", "left"] as const)[randomInt(5)] ?? "plain";
    const model = MODELS[randomInt(MODELS.length)] ?? "one";
    const text = `${kind} ${randomBytes(1 + randomInt(40)).toString("base64")}`;
    const { statusCode, body } = await request(`${this.#origin}/v1/chat/completions`, {
      dispatcher: this.#agent,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: text }], stream: kind !== "plain" }),
    });
    if (kind === "left" && statusCode === 200) {
      for await (const _ of body) break;
      this.counts.left += 1;
      return;
    }
    const answer = await body.text();
    if (answer.includes(LOST)) this.counts.lost += 1;
    else if (statusCode !== 200) this.counts.failed.push(`${statusCode} ${answer.slice(0, 300)}`);
    else if (said(answer, kind === "streams") !== text) this.counts.failed.push(`other text: ${answer.slice(0, 300)}`);
    else this.counts[kind] += 1;
  }
}

function said(answer: string, isStream: boolean): string {
  if (!isStream) return JSON.parse(answer).choices[0].message.content;
  const events = answer.split("\n\n").filter((event) => event.startsWith("data: {"));
  return events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta?.content ?? "").join("");
}
