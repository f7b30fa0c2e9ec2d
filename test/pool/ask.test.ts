import { describe, expect, it } from "vitest";
import { ask, askEvents, askJson } from "../../src/pool/ask.ts";
import type { CallOptions, ExchangeFacts, Pool } from "../../src/pool-types.ts";
import type { Sink, UpstreamRequest } from "../../src/proxy/sink.ts";
import { deferred } from "./deferred.ts";

type Exchange = Pick<Pool, "exchange">;
type Script = (sink: Sink, request: UpstreamRequest) => void | Promise<void>;

const FACTS: ExchangeFacts = {
  outcome: "answered",
  upstream: "m#0.0",
  attempts: 1,
  continued: 0,
  assembled: false,
  status: 200,
  bytes: 0,
  queuedMs: 0,
  firstByteMs: 0,
  firstTokenMs: 0,
  gaps: null,
  totalMs: 0,
  tokens: null,
  error: null,
};

/** An exchange that plays a script; like the real one it fails when its signal aborts and lasts until the sink's end. */
function playing(script: Script): Exchange & { readonly seen: { aborted: boolean } } {
  const seen = { aborted: false };
  return {
    seen,
    async exchange(request: UpstreamRequest, sink: Sink, { signal }: CallOptions = {}) {
      const over = deferred();
      const watched: Sink = {
        start: (status, headers) => sink.start(status, headers),
        data: (chunk) => sink.data(chunk),
        drained: () => sink.drained(),
        end: () => {
          sink.end();
          over.resolve();
        },
        fail: (error) => {
          sink.fail(error);
          over.resolve();
        },
      };
      const aborted = (): void => {
        seen.aborted = true;
        watched.fail(signal?.reason);
      };
      signal?.addEventListener("abort", aborted, { once: true });
      if (signal?.aborted) aborted();
      else await script(watched, request);
      await over.promise;
      return FACTS;
    },
  };
}

function answering(status: number, ...pieces: string[]): ReturnType<typeof playing> {
  return playing((sink) => {
    sink.start(status, { "content-type": "application/json" });
    for (const piece of pieces) sink.data(Buffer.from(piece));
    sink.end();
  });
}

const JSON_POST = { path: "/v1/x", body: { a: 1 } };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}

describe("ask", () => {
  it.each([
    [{ path: "/props" }, { method: "GET", headers: {}, body: null }],
    [
      { path: "/x", body: { a: "é" } },
      { method: "POST", headers: { "content-type": "application/json" }, body: Buffer.from('{"a":"é"}') },
    ],
    [
      { path: "/x", body: "as it is", headers: { "Content-Type": "text/plain", "X-Own": "1" } },
      { method: "POST", headers: { "content-type": "text/plain", "x-own": "1" }, body: Buffer.from("as it is") },
    ],
    [
      { path: "/x", method: "POST", body: Buffer.from([1, 2]) },
      { method: "POST", headers: { "content-type": "application/json" }, body: Buffer.from([1, 2]) },
    ],
  ] as const)("sends %j as it should", async (request, sent) => {
    let seen: UpstreamRequest | null = null;
    const pool = playing((sink, upstreamRequest) => {
      seen = upstreamRequest;
      sink.start(200, {});
      sink.end();
    });
    await ask(pool, request);
    expect(seen).toEqual({ path: request.path, ...sent });
  });

  it("gives status, headers and body", async () => {
    const response = await ask(answering(200, '{"a":', "[1]}"), JSON_POST);
    expect([response.status, response.headers]).toEqual([200, { "content-type": "application/json" }]);
    expect(await response.json()).toEqual({ a: [1] });
  });

  it("is there with the head, before the body", async () => {
    let sink: Sink | null = null;
    const pool = playing((given) => {
      sink = given;
      given.start(200, {});
    });
    const response = await ask(pool, JSON_POST);
    (sink as Sink | null)?.data(Buffer.from("late"));
    (sink as Sink | null)?.end();
    expect(await response.text()).toBe("late");
  });

  it("throws what kept the request from being answered", async () => {
    const full = new Error("queue full");
    await expect(
      ask(
        playing((sink) => sink.fail(full)),
        JSON_POST,
      ),
    ).rejects.toBe(full);
  });

  it("throws in the middle of the body what ended it", async () => {
    const lost = new Error("worker lost");
    const pool = playing((sink) => {
      sink.start(200, {});
      sink.data(Buffer.from("half"));
      sink.fail(lost);
    });
    const { body } = await ask(pool, JSON_POST);
    const read: string[] = [];
    const reading = (async () => {
      for await (const chunk of body) read.push(chunk.toString());
    })();
    await expect(reading).rejects.toBe(lost);
    expect(read).toEqual(["half"]);
  });

  it.each([
    [400, '{"error":{"message":"no such grammar","type":"invalid"}}', { message: "no such grammar", type: "invalid" }],
    [500, "plain words", "plain words"],
    [404, '{"detail":1}', { detail: 1 }],
  ])("throws an answer of %i with what the engine said", async (status, body, error) => {
    await expect(ask(answering(status, body), JSON_POST)).rejects.toMatchObject({
      name: "CorralError",
      code: "CORRAL_WORKER_ANSWERED",
      facts: { status, error },
    });
  });

  it("rejects with the signal's reason, before and after the head", async () => {
    const reason = new Error("enough");
    await expect(ask(answering(200), JSON_POST, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const client = new AbortController();
    const { text } = await ask(
      playing((sink) => sink.start(200, {})),
      JSON_POST,
      { signal: client.signal },
    );
    client.abort(reason);
    await expect(text()).rejects.toBe(reason);
  });

  it("asks for no more while its reader is behind", async () => {
    const order: string[] = [];
    const pool = playing(async (sink) => {
      sink.start(200, {});
      for (let i = 0; i < 4; i++) {
        order.push(`write ${i}`);
        if (!sink.data(Buffer.alloc(40_000))) await sink.drained();
      }
      sink.end();
    });
    const { body } = await ask(pool, JSON_POST);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["write 0", "write 1"]);
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    expect([bytes, order.length]).toEqual([160_000, 4]);
  });

  it("lets go of an answer that its reader leaves or cancels, and of none that is over", async () => {
    const endless: Script = (sink) => {
      sink.start(200, {});
      sink.data(Buffer.from("more"));
    };
    const left = playing(endless);
    for await (const _ of (await ask(left, JSON_POST)).body) break;
    const cancelled = playing(endless);
    (await ask(cancelled, JSON_POST)).cancel();
    const over = answering(200, "x");
    const response = await ask(over, JSON_POST);
    await response.text();
    response.cancel();
    expect([left, cancelled, over].map(({ seen }) => seen.aborted)).toEqual([true, true, false]);
  });
});

describe("askJson", () => {
  it("gives the parsed body", async () => {
    expect(await askJson(answering(200, '{"id":"x"}'), JSON_POST)).toEqual({ id: "x" });
  });
});

describe("askEvents", () => {
  it("gives each event's JSON until [DONE], and reads on to the end", async () => {
    const pool = answering(200, 'data: {"n":1}\n\nda', 'ta: {"n":2}\n\n', "data: [DONE]\n\n", "data: not JSON\n\n");
    expect(await all(askEvents(pool, JSON_POST))).toEqual([{ n: 1 }, { n: 2 }]);
    expect(pool.seen.aborted).toBe(false);
  });

  it("throws an error that comes as an event, after what came before it", async () => {
    const pool = answering(200, 'data: {"n":1}\n\n', 'data: {"error":{"code":500,"message":"out of context"}}\n\n');
    const events = askEvents(pool, JSON_POST);
    expect((await events.next()).value).toEqual({ n: 1 });
    await expect(events.next()).rejects.toMatchObject({ code: "CORRAL_WORKER_ANSWERED", facts: { status: 500 } });
  });

  it("sends nothing until the first event is asked for, and lets go when the loop is left", async () => {
    let asked = 0;
    const pool = playing((sink) => {
      asked += 1;
      sink.start(200, {});
      sink.data(Buffer.from('data: {"n":1}\n\n'));
    });
    const events = askEvents(pool, JSON_POST);
    expect(asked).toBe(0);
    for await (const _ of events) break;
    expect([asked, pool.seen.aborted]).toEqual([1, true]);
  });
});
