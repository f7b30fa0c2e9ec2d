/** Ways to ask a gateway something, ready to paste. */
export interface Examples {
  /** For a POSIX shell. */
  readonly curl: string;
  /** For the OpenAI SDK. */
  readonly javascript: string;
}

export interface ExampleFacts {
  /** "http://127.0.0.1:8080", or "unix:/run/corral/http.sock" */
  readonly url: string;
  readonly model: string;
  readonly needsKey: boolean;
}

/** No run of it comes twice, so that the echo model gives it back word for word. */
const CONTENT = "The quick brown fox jumps over the lazy dog.";

/** Both stream a chat. */
export function examplesFor({ url, model, needsKey }: ExampleFacts): Examples {
  const messages = [{ role: "user", content: CONTENT }];
  const { base, flags } = target(url);
  const body = JSON.stringify({ model, stream: true, messages });
  return {
    curl: [
      `curl -N ${flags}${base}/v1/chat/completions`,
      ...(needsKey ? [`-H "authorization: Bearer $CORRAL_API_KEY"`] : []),
      `-H 'content-type: application/json'`,
      `-d '${body.replaceAll("'", `'\\''`)}'`,
    ].join(" \\\n  "),
    javascript: [
      `import OpenAI from "openai";`,
      `const client = new OpenAI({ baseURL: "${base}/v1", apiKey: ${needsKey ? "process.env.CORRAL_API_KEY" : '"none"'} });`,
      "const stream = await client.chat.completions.create({",
      `  model: ${JSON.stringify(model)},`,
      "  stream: true,",
      `  messages: [{ role: "user", content: ${JSON.stringify(CONTENT)} }],`,
      "});",
      `for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");`,
    ].join("\n"),
  };
}

/** The SDK has no way to a Unix socket of its own, so that its URL is then one to adapt. */
function target(url: string): { readonly base: string; readonly flags: string } {
  return url.startsWith("unix:")
    ? { base: "http://localhost", flags: `--unix-socket ${url.slice("unix:".length)} ` }
    : { base: url, flags: "" };
}
