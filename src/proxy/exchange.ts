import { CorralError } from "../errors.ts";
import { askOf } from "./ask.ts";
import { attempt, type Ending } from "./attempt.ts";
import type { Connections } from "./connections.ts";
import type { Asked } from "./count.ts";
import { Delivery } from "./delivery.ts";
import type { ExchangeFacts, Outcome } from "./facts.ts";
import type { Gate } from "./gate.ts";
import { ExchangeRecord } from "./record.ts";
import { decideRetry, type Miss } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Sink, UpstreamRequest } from "./sink.ts";
import { withWord } from "./word.ts";

export interface ExchangeContext {
  readonly gate: Gate;
  readonly budget: RetryBudget;
  readonly connections: Connections;
  /** What a byte of a prompt counts as, as Admission has learned it. */
  readonly tokensPerByte: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request: waits for a slot, goes to a worker, and its answer into the sink. Never rejects: the sink gets exactly
 * one `end` or `fail`.
 */
export async function exchange(request: UpstreamRequest, sink: Sink, context: ExchangeContext): Promise<ExchangeFacts> {
  const record = new ExchangeRecord();
  const { outcome, error } = await tryUntilDecided(request, sink, context, record);
  // The slot is free by now: whoever is told that a request is over finds no trace of it.
  if (error) sink.fail(error);
  else sink.end();
  return record.facts(outcome, error);
}

interface Result {
  readonly outcome: Outcome;
  readonly error: Error | null;
}

async function tryUntilDecided(
  request: UpstreamRequest,
  sink: Sink,
  { gate, budget, connections, tokensPerByte, signal }: ExchangeContext,
  record: ExchangeRecord,
): Promise<Result> {
  const delivery = new Delivery(request, sink, record);
  budget.add();
  try {
    const ask = askOf(request, tokensPerByte, performance.now());
    for (;;) {
      const ending = await gate.run(
        async (lease) => {
          const { upstream } = lease;
          record.attempt(upstream.id);
          lease.mayMove(() => delivery.stuck === null);
          const ended = await serve(delivery, { lease, pool: connections.to(upstream), signal });
          if (isUpstreamsFault(ended)) gate.rest(upstream.id);
          const measured = ended.kind === "answered" ? delivery.measured() : null;
          if (measured !== null) lease.measured(measured);
          return await withWord(ended, lease, signal);
        },
        // Whose first token has come can't be too late for it.
        { signal, ask: record.hasBegun ? { ...ask, deadline: null } : ask, again: record.attempts > 0 },
      );
      if (ending.kind === "answered") return { outcome: "answered", error: null };
      const { attempts, fruitless } = record;
      const { stuck } = delivery;
      const decision = decideRetry(ending, { attempts, fruitless, stuck });
      const isGivenUp = decision.kind === "give-up" || (decision.draws && !budget.take(performance.now()));
      if (isGivenUp) return resultOf(ending, record, stuck);
    }
  } catch (error) {
    if (signal?.aborted) return { outcome: "aborted", error: signal.reason };
    return { outcome: "refused", error: error as Error };
  }
}

/** One attempt: what this worker is to be sent, and its answer. */
async function serve(delivery: Delivery, worker: Asked): Promise<Ending> {
  const { signal } = worker;
  try {
    const request = await delivery.requestFor(worker);
    const ending = await attempt({ ...worker, request, receiver: delivery });
    // Nothing was missing but the end of the connection.
    return ending.kind === "lost" && delivery.isOver ? answered(delivery) : ending;
  } catch (error) {
    if (signal?.aborted) return { kind: "aborted", error: signal.reason };
    return { kind: "lost", cause: "connection", error: error as Error };
  }
}

function answered(delivery: Delivery): Ending {
  return delivery.finish() ?? { kind: "answered" };
}

function isUpstreamsFault({ kind }: Ending): boolean {
  return kind === "lost" || kind === "unsent" || kind === "loading";
}

function resultOf(miss: Miss, record: ExchangeRecord, stuck: string | null): Result {
  const facts = { upstream: record.upstream, started: record.started, bytes: record.bytes };
  switch (miss.kind) {
    case "aborted":
      return { outcome: "aborted", error: miss.error };
    case "malformed": {
      const message = `the request cannot be sent: ${miss.error.message}; correct its path or headers`;
      return { outcome: "refused", error: new CorralError("CORRAL_REQUEST_INVALID", message, { cause: miss.error }) };
    }
    case "lost":
      return { outcome: "lost", error: lost(miss.error, facts, stuck) };
    case "refused":
      return { outcome: "lost", error: lost(undefined, facts, stuck) };
    case "unsent": {
      const message = `no connection to a worker could be made in ${record.attempts} attempts; try again`;
      return {
        outcome: "refused",
        error: new CorralError("CORRAL_WORKER_LOST", message, { cause: miss.error, facts }),
      };
    }
    case "loading": {
      const message = `the workers were still loading after ${record.attempts} attempts; try again`;
      return { outcome: "refused", error: new CorralError("CORRAL_WORKER_LOST", message, { facts }) };
    }
  }
}

type Extent = { readonly upstream: string | null; readonly started: boolean; readonly bytes: number };

/** Whoever cut the worker off for a reason of their own (a pool that closes) has said so in the error. */
function lost(cause: Error | undefined, facts: Extent, stuck: string | null): Error {
  if (cause instanceof CorralError && cause.code !== "CORRAL_WORKER_LOST") return cause;
  const extent = facts.started ? `after ${facts.bytes} bytes of its answer` : "before its answer began";
  if (!facts.started || stuck === null) {
    const message = `the worker ended ${extent}; send the request again`;
    return new CorralError("CORRAL_WORKER_LOST", message, { cause, facts });
  }
  const message = `the worker ended ${extent}, and no other can go on with it: ${stuck}; send the request again`;
  return new CorralError("CORRAL_WORKER_LOST", message, {
    cause,
    facts: { ...facts, code: "stream_not_continuable", reason: stuck },
  });
}
