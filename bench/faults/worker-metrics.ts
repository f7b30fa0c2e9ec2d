import { request } from "undici";
import type { WorkerAddress } from "../fronts/front.ts";

/** What a worker's engine counts, by the names of both engines' metrics. */
export interface EngineCounts {
  /** Requests it is at, those that wait inside it too. */
  readonly requests: number;
  /** Steps so far. */
  readonly steps: number;
  /** Tokens of answers that are over. */
  readonly answered: number;
}

/** @throws where the worker does not answer */
export async function readCounts({ host, port, key }: WorkerAddress): Promise<EngineCounts> {
  const { body } = await request(`http://${host}:${port}/metrics`, { headers: { authorization: `Bearer ${key}` } });
  const text = await body.text();
  const figure = (name: string) => Number(new RegExp(`^llamacpp:${name} (\\d+)`, "m").exec(text)?.[1]);
  return {
    requests: figure("requests_processing") + figure("requests_deferred"),
    steps: figure("n_decode_total"),
    answered: figure("tokens_predicted_total"),
  };
}
