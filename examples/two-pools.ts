/** Two models in one process: node dist/examples/two-pools.js [MODEL [MODEL]] */
import { createPool } from "corral";

const [small = "echo", large = small] = process.argv.slice(2);
await using quick = await createPool({ name: "quick", model: small, workers: 1, threads: 1 });
await using thorough = await createPool({ name: "thorough", model: large, workers: 1, threads: 1 });

const answers = await Promise.all(
  [quick, thorough].map(async (pool) => {
    const messages = [{ role: "user", content: `question for ${pool.name}` }];
    const { choices } = await pool.chat({ messages, temperature: 0 });
    return `${pool.name}: ${choices[0]?.message.content}`;
  }),
);
console.log(answers.join("\n"));
