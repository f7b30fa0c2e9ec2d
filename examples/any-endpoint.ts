/** Whatever else the engine serves: node dist/examples/any-endpoint.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });

const tokenized = await pool.request({ path: "/tokenize", body: { content: "horses" } });
console.log("tokens:", JSON.stringify(await tokenized.json()));

// Streams come as bytes, read no faster than you ask for them.
const streamed = await pool.request({
  path: "/v1/completions",
  body: { prompt: "<|user|>echo<|end|><|assistant|>", stream: true, temperature: 0, max_tokens: 8 },
});
console.log(`${streamed.status} ${streamed.headers["content-type"]}`);
let bytes = 0;
for await (const chunk of streamed.body) bytes += chunk.length;
console.log(`streamed: ${bytes > 0 ? "some bytes" : "nothing"}`);
