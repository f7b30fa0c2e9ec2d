/** Vectors for texts; needs an embedding model: node dist/examples/embed.js MODEL */
import { CorralError, createPool } from "corral";

await using pool = await createPool({ source: process.argv[2] ?? "echo" });

try {
  const { data } = await pool.embed({ input: ["a horse", "a pony"] });
  for (const { index, embedding } of data) console.log(`${index}: ${embedding.length} dimensions`);
} catch (error) {
  if (!(error instanceof CorralError)) throw error;
  // A chat model, such as the built-in echo model, has none.
  console.log(`${error.code}: ${error.message}`);
}
