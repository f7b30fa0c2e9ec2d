import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool } from "../../src/pool.ts";
import type { Pool } from "../../src/pool-types.ts";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT } from "../fixtures/raw-http.ts";

/** Each of these ends a bare llama-server v0.5.0 with a SIGSEGV. */
let pool: Pool;
let front: OpenGateway;
let reached = 0;
beforeAll(async () => {
  pool = await createPool({ model: "echo", workers: 1, slots: 1 });
  pool.on("request", () => {
    reached += 1;
  });
  front = await openGateway([pool]);
});
afterAll(async () => {
  await front?.gateway.destroy();
  await pool?.destroy();
});

const ask = (body: string) =>
  fetch(`${front.url}${CHAT}`, { method: "POST", headers: { "content-type": "application/json" }, body });
const request = (fields: string) => `{"messages":[{"role":"user","content":"hello"}],"max_tokens":2,${fields}}`;
const schema = (text: string) => request(`"response_format":{"type":"json_schema","json_schema":{"schema":${text}}}`);
const grammar = (text: string) => request(`"grammar":${JSON.stringify(text)}`);

const references = Array.from({ length: 20_000 }, (_, index) => `"a${index}":{"$ref":"#/$defs/a${index + 1}"}`);
const rules = Array.from({ length: 100_000 }, (_, index) => `a${index} ::= a${index + 1}`);

const POISON: [name: string, body: string][] = [
  ["a grammar of 50,000 open parentheses", grammar(`root ::= ${"(".repeat(50_000)}`)],
  ["a schema 20,000 deep", schema(`${'{"type":"array","items":'.repeat(20_000)}{}${"}".repeat(20_000)}`)],
  ["tools as 300,000 nested arrays", request(`"tools":${"[".repeat(300_000)}${"]".repeat(300_000)}`)],
  [
    "a flat schema whose 20,000 definitions refer on",
    schema(`{"$ref":"#/$defs/a0","$defs":{${references},"a20000":{}}}`),
  ],
  ["a grammar whose 100,000 rules name the next", grammar(`root ::= a0\n${rules.join("\n")}\na100000 ::= "x"\n`)],
  ["a grammar of 60,000 question marks", grammar(`root ::= "a"${"?".repeat(60_000)}`)],
];

describe("poison is 400, and the worker never hears of it", () => {
  test.each(POISON)("%s", async (_name, body) => {
    const [before] = pool.stats().workers;
    const response = await ask(body);
    expect(response.status).toBe(400);
    expect(response.headers.get("x-corral-error-source")).toBe("gateway");
    expect(pool.stats().workers[0]).toMatchObject({
      pid: before?.pid,
      state: "ready",
      restarts: 0,
      served: before?.served,
    });
    expect(reached).toBe(0);
  });

  test("while grammars and schemas as people write them are served", async () => {
    const bodies = [
      grammar('root ::= "hello" ( " " "world" )?'),
      schema('{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"type":"string"}}}'),
    ];
    for (const body of bodies) expect((await ask(body)).status).toBe(200);
    expect(reached).toBe(2);
  });
});
