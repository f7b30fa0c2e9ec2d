/** More and fewer workers while serving: node dist/examples/scale.js [MODEL] */
import { createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo", workers: 1 });

const ready = (): number => pool.stats().workers.filter(({ state }) => state === "ready").length;
console.log(`workers: ${ready()}`);

await pool.scale(2);
console.log(`workers: ${ready()}`);

await pool.scale(1);
console.log(`workers: ${ready()}`);
