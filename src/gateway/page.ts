import { createHash } from "node:crypto";
import { examplesFor } from "./examples.ts";

export interface PageFacts {
  readonly models: readonly { readonly name: string; readonly state: string }[];
  /** As clients reach it: "http://127.0.0.1:8080". */
  readonly url: string;
  readonly needsKey: boolean;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
pre { overflow-x: auto; padding: 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem }
td { padding: .2rem 1.5rem .2rem 0 }
`;

/** Nothing is loaded from anywhere, no script runs, nobody frames it. */
export const PAGE_HEADERS = {
  "content-security-policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "referrer-policy": "no-referrer",
};

/** A short page for a person who opens the address in a browser. */
export function page({ models, url, needsKey }: PageFacts): string {
  const rows = models.map(({ name, state }) => `<tr><td><code>${escaped(name)}</code><td>${escaped(state)}`).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>corral</title>
<style>${STYLE}</style>
<h1>corral</h1>
<p>Language models on this machine's CPUs, behind an OpenAI-compatible API at <code>${escaped(url)}/v1</code>.</p>
<table>
${rows}
</table>
<pre>${escaped(examplesFor({ url, model: models[0]?.name ?? "", needsKey }).curl)}</pre>
<p><a href="/v1/models">models</a> · <a href="/readyz">ready?</a> · <a href="/metrics">metrics</a>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
