import { Admission } from "../../src/route/admission.ts";
import { type Ask, PLAIN_ASK, type Prompt } from "../../src/route/ask.ts";
import type { Clock } from "../../src/route/clock.ts";
import { type Lease, LiveUpstream } from "../../src/route/live-upstream.ts";
import type { Policy } from "../../src/route/policy.ts";
import type { Request } from "./request.ts";
import type { Router, Start } from "./simulate.ts";
import type { Text } from "./text.ts";
import type { Timings, WorkerShape } from "./worker.ts";

const NOWHERE = { kind: "tcp", host: "127.0.0.1", port: 1, key: "" } as const;

/** The live gateway's admission over simulated workers. */
export function createRouter(policy: Policy, workers: number, shape: WorkerShape, clock: Clock): Router {
  const admission = new Admission({ policy, limit: Number.POSITIVE_INFINITY, clock });
  const numbers = new Map<string, number>();
  const leases = new Map<Request, Lease>();
  let started: Start[] = [];
  for (let number = 0; number < workers; number += 1) {
    const upstream = upstreamOf(number, shape);
    numbers.set(upstream.id, number);
    admission.add(upstream);
  }
  const start = (request: Request, lease: Lease): void => {
    leases.set(request, lease);
    started.push({ request, worker: numbers.get(lease.upstream.id) ?? Number.NaN });
  };
  const refuse = (error: unknown): void => {
    throw error;
  };
  return {
    arrived: (request) => {
      admission.enter({ start: (lease) => start(request, lease), refuse }, askOf(request));
    },
    firstToken: (request) => leases.get(request)?.progress(),
    ended(request, timings) {
      const lease = leases.get(request);
      leases.delete(request);
      lease?.measured(measuredOf(timings));
      lease?.answered();
      lease?.release();
    },
    starts() {
      const all = started;
      started = [];
      return all;
    },
  };
}

/** It is told of a worker what its plan would predict. */
function upstreamOf(number: number, { slots, cacheTokens, speed }: WorkerShape): LiveUpstream {
  const prior = { promptRate: speed.prefill, answerPace: 1_000 / speed.decode(1), running: 1 };
  return new LiveUpstream({ id: `simulated#${number}.0`, endpoint: NOWHERE, slots, cacheTokens, prior });
}

function askOf({ prompt }: Request): Ask {
  return { ...PLAIN_ASK, prompt: chainOf(prompt) };
}

/** A link for each piece. */
function chainOf({ pieces, length }: Text): Prompt {
  const links: number[] = [];
  const depths: number[] = [];
  let hash = 0;
  let depth = 0;
  for (const { id, tokens } of pieces) {
    hash = mixed(mixed(hash, id), tokens);
    depth += tokens;
    links.push(hash);
    depths.push(depth);
  }
  return { links, depths, tokens: length, bytes: 0, conversation: links[1] ?? links[0] ?? 0 };
}

/** 53 bits. */
function mixed(hash: number, value: number): number {
  const low = Math.imul(((hash % 0x1_0000_0000) | 0) ^ value, 0x9e3779b1);
  const high = Math.imul(((hash / 0x1_0000_0000) | 0) + (low >>> 15) + value, 0x85ebca77);
  return ((high ^ (high >>> 13)) >>> 11) * 0x1_0000_0000 + ((low ^ (low >>> 16)) >>> 0);
}

function measuredOf({ promptTokens, cachedTokens, promptSeconds, answerTokens, answerSeconds }: Timings) {
  return {
    promptTokens,
    cachedTokens,
    promptMs: promptSeconds * 1_000,
    completionTokens: answerTokens,
    completionMs: answerSeconds * 1_000,
  };
}
