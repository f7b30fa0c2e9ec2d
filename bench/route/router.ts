import { Admission } from "../../src/route/admission.ts";
import type { Ask } from "../../src/route/ask.ts";
import { Chain } from "../../src/route/chain.ts";
import type { Clock } from "../../src/route/clock.ts";
import { type Lease, LiveUpstream } from "../../src/route/live-upstream.ts";
import type { Policy } from "../../src/route/policy.ts";
import type { Request } from "./request.ts";
import type { Router } from "./simulate.ts";
import type { Text } from "./text.ts";
import type { WorkerShape } from "./worker.ts";

const MS = 1_000;
/** Bytes that a token of a chain stands for. */
const TOKENS_PER_BYTE = 1 / 4;

/** The gateway's own admission, with the simulation's time. Speeds are predicted as a plan would, and learned from there. */
export function createRouter(policy: Policy, workers: number, { slots, cacheTokens, speed }: WorkerShape): Router {
  const clock = new SimulatedClock();
  const admission = new Admission({ policy, limit: Number.POSITIVE_INFINITY, clock });
  const prior = { promptRate: speed.prefill, answerPace: MS / speed.decode(slots), running: slots };
  const endpoint = { kind: "tcp", host: "127.0.0.1", port: 1, key: "" } as const;
  for (let index = 0; index < workers; index += 1)
    admission.add(new LiveUpstream({ id: `${index}`, endpoint, slots, prior, cacheTokens }));
  const leases = new Map<Request, Lease>();
  const starting: { request: Request; worker: number }[] = [];
  return {
    arrived(request, now) {
      clock.set(now * MS);
      const start = (lease: Lease): void => {
        leases.set(request, lease);
        starting.push({ request, worker: Number(lease.upstream.id) });
      };
      const refuse = (error: unknown): void => {
        throw error;
      };
      admission.enter({ start, refuse }, askOf(request.prompt));
    },
    firstToken(request, now) {
      clock.set(now * MS);
      leases.get(request)?.progress();
    },
    ended(request, { promptTokens, cachedTokens, promptSeconds, answerTokens, answerSeconds }, now) {
      clock.set(now * MS);
      const lease = leases.get(request);
      leases.delete(request);
      lease?.measured({
        promptTokens,
        cachedTokens,
        promptMs: promptSeconds * MS,
        completionTokens: answerTokens,
        completionMs: answerSeconds * MS,
      });
      lease?.release();
    },
    *starts(now) {
      clock.set(now * MS);
      for (let next = starting.shift(); next !== undefined; next = starting.shift()) yield next;
    },
  };
}

function askOf({ pieces, length }: Text): Ask {
  const chain = new Chain();
  pieces.forEach(({ id, tokens }, at) => {
    for (let token = 0; token < tokens; token += 1) chain.token(id);
    // A system prompt, and the first question.
    if (at === 1) chain.conversationBegins();
  });
  // Tokens are known here: there is nothing to be learned from bytes.
  const prompt = { ...chain.prompt(TOKENS_PER_BYTE), tokens: length, bytes: 0 };
  return { prompt, answerTokens: null, deadline: null, priority: 0, bytes: 0 };
}

/** What is to happen later happens at the next event after its time. */
class SimulatedClock implements Clock {
  #now = 0;
  readonly #later = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): () => void {
    const due = (): void => call();
    this.#later.set(due, this.#now + milliseconds);
    return () => this.#later.delete(due);
  }

  set(now: number): void {
    this.#now = now;
    for (const [call, at] of this.#later) {
      if (at > now || !this.#later.delete(call)) continue;
      call();
    }
  }
}
