/** One question, one answer: node dist/examples/chat.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });

const answer = await pool.chat({
  messages: [{ role: "user", content: "Seven green boats sail north" }],
  temperature: 0,
});
console.log(answer.choices[0]?.message.content);
console.log(`${answer.usage?.completion_tokens} tokens, finished by ${answer.choices[0]?.finish_reason}`);
