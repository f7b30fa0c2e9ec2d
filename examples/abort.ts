/** Two ways to end an answer early; both free the worker's slot at once: node dist/examples/abort.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });
const request = {
  messages: [{ role: "user", content: "quick brown foxes jump over seventeen lazy dogs near the old stone mill" }],
  temperature: 0,
};

// Leave the loop.
for await (const chunk of pool.chatStream(request)) {
  if (!chunk.choices[0]?.delta.content) continue;
  console.log("left after the first piece");
  break;
}

// Abort a signal.
const client = new AbortController();
try {
  for await (const chunk of pool.chatStream(request, { signal: client.signal })) {
    if (chunk.choices[0]?.delta.content) client.abort(new Error("the user has closed the page"));
  }
} catch (error) {
  console.log(`aborted: ${(error as Error).message}`);
}
console.log(`requests still running: ${pool.stats().slots.busy}`);
