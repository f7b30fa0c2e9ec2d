import type { Measured } from "../route/rates.ts";
import { assemble, canAssemble, streamed } from "./assembly.ts";
import type { Receiver } from "./attempt.ts";
import { continued, hasTemplateWay, hindrance, type Way } from "./continuation.ts";
import { type Asked, count, template } from "./count.ts";
import { type Generation, generationOf } from "./generation.ts";
import type { ExchangeRecord } from "./record.ts";
import type { Miss } from "./retry.ts";
import { Seam } from "./seam.ts";
import type { Sink, UpstreamRequest } from "./sink.ts";
import { EventParser } from "./sse.ts";
import { measuredAtEndOf } from "./tokens.ts";
import { Transcript } from "./transcript.ts";
import { WholeEvents } from "./whole-events.ts";

type Headers = Readonly<Record<string, string | string[]>>;

/** What the worker of this attempt is sending. */
type Coming =
  | { readonly kind: "nothing" }
  /** It passes as it is. */
  | { readonly kind: "plain" }
  | { readonly kind: "events"; readonly cut: WholeEvents; readonly seam: Rewriting | null }
  /** An error, behind the head of a stream. */
  | { readonly kind: "refusal"; readonly status: number; readonly chunks: Buffer[] };

interface Rewriting {
  readonly seam: Seam;
  readonly parser: EventParser;
}

/** What belongs to a stream's headers, and not to those of the answer that is assembled from it. */
const OF_STREAMS = new Set(["content-type", "cache-control", "x-accel-buffering"]);
const NOTHING = Buffer.alloc(0);
/** Characters of an engine's refusal that are told. */
const EXCERPT = 300;

/**
 * The way of one answer to whoever asked, over as many workers as it takes: it remembers what went out, makes of it what
 * the next worker is asked, and of that one's answer the rest of the first. A plain answer is streamed by the worker and
 * put together here.
 */
export class Delivery implements Receiver {
  readonly #request: UpstreamRequest;
  readonly #sink: Sink;
  readonly #record: ExchangeRecord;
  readonly #generation: Generation | null;
  readonly #isAssembled: boolean;
  #transcript = new Transcript();
  #coming: Coming = { kind: "nothing" };
  #next: Rewriting | null = null;
  /** Of a stream, once there was one. */
  #headers: Headers | null = null;
  #way: Way = "prefill";
  /** Why the engine does not go on with it in any way. */
  #refused: string | null = null;

  constructor(request: UpstreamRequest, sink: Sink, record: ExchangeRecord) {
    this.#request = request;
    this.#sink = sink;
    this.#record = record;
    this.#generation = generationOf(request);
    this.#isAssembled = this.#generation !== null && canAssemble(this.#generation);
    if (this.#isAssembled) record.assemble();
  }

  /** Why no other worker can take this answer up where it is; null where one can. To be asked after a loss. */
  get stuck(): string | null {
    if (this.#isAssembled && this.#coming.kind !== "plain") return null;
    if (this.#record.bytes === 0 && this.#coming.kind !== "plain") return this.#refused;
    if (this.#generation === null || this.#headers === null) return "its answer had begun";
    const { draft } = this.#transcript;
    return draft.isEmpty ? this.#refused : this.#hindrance(this.#generation);
  }

  /**
   * What the next worker is to be sent: the request as it came, or one to go on where the last worker was lost.
   * @throws what keeps the worker from answering what it is asked before
   */
  async requestFor(worker: Asked): Promise<UpstreamRequest> {
    this.#coming = { kind: "nothing" };
    this.#next = null;
    if (this.#generation === null || this.#headers === null) return this.#whole();
    const { draft } = this.#transcript;
    if (this.#isAssembled && this.#hindrance(this.#generation) !== null) {
      // Nothing of it has gone out: it is made anew.
      this.#transcript = new Transcript();
      return this.#whole();
    }
    if (!draft.isEmpty) return await this.#continuation(this.#generation, worker);
    if (draft.firstHead !== null)
      this.#seam(this.#generation, { way: "whole", isFull: false, prompt: null, tokens: 0 });
    return this.#whole();
  }

  start(status: number, headers: Headers): void {
    const isStream = status === 200 && String(headers["content-type"]).startsWith("text/event-stream");
    this.#record.begin(isStream);
    if (isStream) {
      this.#coming = { kind: "events", cut: new WholeEvents(), seam: this.#next };
      const isFirst = this.#headers === null;
      this.#headers ??= headers;
      if (isFirst && !this.#isAssembled) this.#give(status, headers);
    } else if (this.#record.started || this.#next !== null) {
      this.#coming = { kind: "refusal", status, chunks: [] };
    } else {
      this.#coming = { kind: "plain" };
      this.#give(status, headers);
    }
  }

  data(chunk: Buffer): boolean {
    const coming = this.#coming;
    switch (coming.kind) {
      case "events":
        return this.#events(rewritten(coming.cut.push(chunk), coming.seam));
      case "refusal":
        coming.chunks.push(chunk);
        return true;
      default:
        this.#record.chunk(chunk);
        return this.#pass(chunk);
    }
  }

  /** Whether a stream has come to its end, whatever becomes of the connection. */
  get isOver(): boolean {
    return this.#generation !== null && this.#coming.kind === "events" && this.#transcript.isOver;
  }

  /** What the worker that has answered says of its own work: one that went on with an answer did only a part of it. */
  measured(): Measured | null {
    const own = this.#next?.seam.own ?? null;
    return own === null ? this.#record.measured() : measuredAtEndOf(JSON.stringify(own));
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }

  finish(): Miss | null {
    const coming = this.#coming;
    switch (coming.kind) {
      case "events":
        return this.#finishStream(coming.cut.flush());
      case "refusal":
        return this.#refuse(coming.status, Buffer.concat(coming.chunks).toString());
      default:
        return null;
    }
  }

  #hindrance(generation: Generation): string | null {
    if (this.#refused !== null) return this.#refused;
    if (this.#request.continues === false) return "continuing is switched off";
    return hindrance(generation, this.#transcript.draft);
  }

  #whole(): UpstreamRequest {
    const { body } = this.#request;
    return this.#isAssembled && body !== null ? { ...this.#request, body: streamed(body) } : this.#request;
  }

  async #continuation(generation: Generation, worker: Asked): Promise<UpstreamRequest> {
    const { draft } = this.#transcript;
    const { prompt, completion } = await count(worker, generation, draft);
    const written = this.#way === "template" ? await template(worker, generation) : undefined;
    const { path, body, isFull } = continued(generation, draft, this.#way, { tokens: completion, prompt: written });
    this.#seam(generation, { way: this.#way, isFull, prompt, tokens: completion });
    this.#record.continue();
    return { ...this.#request, path, body: Buffer.from(JSON.stringify(body)) };
  }

  #seam(
    { kind, body, isStream }: Generation,
    next: { way: Way | "whole"; isFull: boolean; prompt: number | null; tokens: number },
  ): void {
    const { draft } = this.#transcript;
    const options = body.stream_options as { include_usage?: unknown } | null | undefined;
    const seam = new Seam({
      kind,
      isTranslated: next.way === "template",
      head: draft.firstHead ?? {},
      rolesTold: new Set(draft.choices.map(({ index }) => index)),
      isFull: next.isFull,
      finish: draft.choices[0]?.finish ?? null,
      wantsUsage: !isStream || options?.include_usage === true,
      before: { prompt: next.prompt, completion: next.tokens, ms: next.tokens === 0 ? 0 : this.#record.generatingMs },
    });
    this.#next = { seam, parser: new EventParser() };
  }

  #events(events: Buffer): boolean {
    if (events.length === 0) return true;
    this.#record.chunk(events);
    if (this.#generation !== null) this.#transcript.push(events);
    return this.#isAssembled || this.#pass(events);
  }

  #finishStream(rest: Buffer): Miss | null {
    if (this.#generation === null) {
      if (rest.length > 0) this.#pass(rest);
      return null;
    }
    if (!this.#transcript.isOver) {
      return { kind: "lost", cause: "connection", error: new Error("the worker ended its stream in the middle") };
    }
    if (this.#isAssembled) this.#giveAssembled(this.#generation);
    return null;
  }

  #giveAssembled({ kind }: Generation): void {
    const { status, json } = assemble(kind, this.#transcript.draft);
    const body = Buffer.from(JSON.stringify(json));
    const kept = Object.entries(this.#headers ?? {}).filter(([name]) => !OF_STREAMS.has(name));
    this.#give(status, {
      ...Object.fromEntries(kept),
      "content-type": "application/json; charset=utf-8",
      "content-length": `${body.length}`,
    });
    this.#pass(body);
  }

  /** The engine does not take what it was to go on with. */
  #refuse(status: number, text: string): Miss {
    const reason = `the engine answered ${status}: ${text.slice(0, EXCERPT)}`;
    const draft = this.#transcript.draft;
    const other = this.#generation !== null && this.#way === "prefill" && hasTemplateWay(this.#generation, draft);
    if (other && status < 500) this.#way = "template";
    else this.#refused = reason;
    return { kind: "refused", reason };
  }

  #give(status: number, headers: Headers): void {
    this.#record.start(status);
    this.#sink.start(status, headers);
  }

  #pass(bytes: Buffer): boolean {
    this.#record.give(bytes.length);
    return this.#sink.data(bytes);
  }
}

function rewritten(events: Buffer, rewriting: Rewriting | null): Buffer {
  if (rewriting === null || events.length === 0) return events;
  const { seam, parser } = rewriting;
  const lines = parser.feed(events).flatMap(({ data }) => seam.rewrite(data));
  return lines.length === 0 ? NOTHING : Buffer.from(lines.map((data) => `data: ${data}\n\n`).join(""));
}
