import { MIB } from "./memory.ts";
import type { MemoryLedger } from "./plan.ts";

/**
 * Bits a weight takes in a file, output matrix and all, largest first: llama.cpp's own table for Llama-3.1-8B
 * (tools/quantize/README.md; Q4_0 is as large as Q4_K_S). Small models take some more, for their embeddings.
 */
const QUANTISATIONS: readonly (readonly [name: string, bits: number])[] = [
  ["Q8_0", 8.5],
  ["Q6_K", 6.56],
  ["Q4_K_M", 4.89],
  ["Q4_0", 4.67],
];
const SMALLEST = 4.67;

/**
 * What to do where no plan of this file fits: another file of the same model that would, or the verdict that this machine
 * should not run it. Sentences for people.
 * @param ledger of the smallest shape there is, weights not repacked
 */
export function advise(ledger: MemoryLedger, workers: number, parameters: number): string {
  const beside = workers * (ledger.kv + ledger.compute) + ledger.headroom;
  const forWeights = Math.max(0, ledger.budget - beside);
  const bytesIn = (bits: number) => (parameters * bits) / 8;
  const weights = ledger.file + workers * ledger.unpacked;
  const fitting = QUANTISATIONS.find(([, bits]) => bytesIn(bits) < weights && bytesIn(bits) <= forWeights);
  const alone = weights > ledger.budget ? "The file alone is larger than that." : "No plan of this file fits.";
  if (fitting) {
    const [name, bits] = fitting;
    return `${alone} The same model in ${name} would fit: about ${mebibytes(bytesIn(bits))}.`;
  }
  const smallest = Math.min(weights, bytesIn(SMALLEST));
  const billions = (forWeights * 8) / SMALLEST / 1e9;
  return [
    `${alone} This machine should not run this model: even in Q4_0 its weights take about ${mebibytes(smallest)},`,
    `beside ${mebibytes(beside)} for everything else.`,
    billions < 0.1
      ? "Give it more memory."
      : `Take a model of at most ${billions.toFixed(1)} billion weights, or give it more memory.`,
  ].join(" ");
}

export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
