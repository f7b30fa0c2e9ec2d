import type { Family, Labels, Sample } from "./family.ts";

/**
 * What an engine counts itself, named and labelled so that it can stand beside that of other workers. Pure.
 *
 * `llamacpp:x` becomes `llamacpp_x`: colons are for recording rules, and `promtool check metrics` refuses them. A counter
 * that is not named `_total` is none (llama-server's `n_tokens_max` is a maximum) and becomes a gauge. Histograms and
 * summaries are left out; no engine has any.
 */
export function engineFamilies(text: string, labels: Labels): Family[] {
  const samples = samplesIn(text);
  return [...text.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)].flatMap(([, name = "", type]) => {
    const values = samples.get(name)?.map((sample) => ({ ...sample, labels: { ...sample.labels, ...labels } }));
    if (values === undefined) return [];
    const isCounter = type === "counter" && name.endsWith("_total");
    const help = helpOf(text, name) ?? "As the engine counts it.";
    return [{ name: ours(name), help, type: isCounter ? "counter" : "gauge", aggregator: "sum", values }];
  });
}

function ours(name: string): string {
  return name.replaceAll(":", "_");
}

function helpOf(text: string, name: string): string | undefined {
  return new RegExp(`^# HELP ${name} (.+)$`, "m").exec(text)?.[1];
}

function samplesIn(text: string): Map<string, Sample[]> {
  const samples = new Map<string, Sample[]>();
  for (const [, name = "", labels = "", value] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm)) {
    samples.set(name, [...(samples.get(name) ?? []), { labels: labelsIn(labels), value: Number(value) }]);
  }
  return samples;
}

function labelsIn(text: string): Labels {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries([...pairs].map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
