/**
 * The HTTP front in a program of your own, on a port of your choice: node dist/examples/gateway.js [MODEL]
 * Any OpenAI client can talk to it; this one asks once and closes.
 */
import { createGateway, openPool } from "corral";
import { pino } from "pino";

await using pool = openPool({ source: process.argv[2] ?? "echo", name: "mine" });
const gateway = createGateway({ pools: [pool], options: { port: 0 }, log: pino({ level: "warn" }) });

// It may listen before the pool is ready: /readyz and requests answer 503 until then.
const { url } = await gateway.listen();
try {
  await pool.ready();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "mine", messages: [{ role: "user", content: "over HTTP" }], temperature: 0 }),
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  console.log(`${response.status}: ${choices[0]?.message.content}`);
} finally {
  await gateway.close();
}
