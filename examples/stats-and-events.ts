/** What a pool does and has done: node dist/examples/stats-and-events.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });

pool.on("worker", ({ id, state }) => console.log(`worker ${id} is ${state.name}`));
pool.on("request", ({ path, outcome, status, upstream, tokens }) =>
  console.log(`${path}: ${outcome} ${status} by ${upstream}, ${tokens?.completion} tokens`),
);

await pool.chat({ messages: [{ role: "user", content: "count me" }], temperature: 0 });

const { state, workers, slots, queued, served, tokens } = pool.stats();
console.log(
  `pool is ${state}: ${workers.length} workers, ${slots.busy} of ${slots.total} slots busy, ${queued} queued`,
);
console.log(`served ${served}, tokens ${tokens.prompt} in and ${tokens.completion} out`);
for (const { id, pid, cpus, restarts } of workers) {
  console.log(`  ${id} (pid ${pid}) on CPUs ${cpus.join(",")}, restarted ${restarts} times`);
}
