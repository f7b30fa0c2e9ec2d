/** An answer as it is written: node dist/examples/stream.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });

const messages = [{ role: "user", content: "Ein Gedicht über 🐎 und Wind" }];
for await (const chunk of pool.chatStream({ messages, temperature: 0 })) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
process.stdout.write("\n");
