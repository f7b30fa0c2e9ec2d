import type { Workload } from "./workload.ts";

/** Printed before the figures, so that a pasted run explains itself. */
export function methodText(pace: number): string {
  return `Method. The same worker process behind every front; the fronts take turns inside one invocation and begin each turn
with another one, so that what else happens on the machine meets all of them; two warm-up rounds are thrown away.
First byte added: streams asked one at a time, direct, then through each front; the difference to the direct one of the
same turn. CPU per chunk: user and system time of all processes of the front (corral's own included: its supervision,
probes and access log) over the events that passed, many streams at once; the worker that computes nothing emits one
event per stream every ${pace} ms. The client's own CPU is in no figure: it runs on another CPU than the fronts (the first and
the last of those allowed; pinned with taskset), counts events and parses nothing. Where it is the bottleneck, small
answers per second are a floor for the fast fronts, and CPU per small answer is the figure to read. An answer that fails,
or a synthetic stream that misses an event, ends the run.
HAProxy: one thread, http-no-delay (without it chunks wait for the next), http-reuse always, bodies buffered, retries,
active and passive checks, no log. nginx: one process, HTTP/1.1 and kept connections to the worker, buffering of answers
off, retries, no log. corral: as \`corral serve\` runs it, its access log included, its worker on TCP as the proxies need
it. llama-server closes connections behind streams without a word, so the direct client uses each once there. Ratios are
medians of the rounds' ratios (least to most); that of the first byte is of the medians.`;
}

export function workloadLine({ concurrency, waves, chunks, turns }: Workload, rounds: number): string {
  const stream = chunks === undefined ? "" : ` of ${chunks} events`;
  return `${rounds} rounds; in each and for each front ${turns} streams one at a time, then ${concurrency * waves} streams${stream}, ${concurrency} at once`;
}
