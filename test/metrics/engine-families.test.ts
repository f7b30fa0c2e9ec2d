import { expect, it } from "vitest";
import { engineFamilies } from "../../src/metrics/engine-families.ts";

const TEXT = `# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed, excluding cached tokens
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 1.5e+06
# HELP llamacpp:n_tokens_max Largest observed sequence length (prompt + generation)
# TYPE llamacpp:n_tokens_max counter
llamacpp:n_tokens_max 70
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 2
# TYPE llamacpp:accepted_total counter
llamacpp:accepted_total{position="0"} 5
llamacpp:accepted_total{position="a \\"b\\" \\\\ c",worker="forged"} 3
# TYPE llamacpp:seconds histogram
llamacpp:seconds_bucket{le="1"} 1
stray 4
`;

it("names, labels and types what a worker counts as ours", () => {
  const labels = { model: "m", worker: "1" };
  expect(engineFamilies(TEXT, labels)).toEqual([
    {
      name: "llamacpp_prompt_tokens_total",
      help: "Number of prompt tokens processed, excluding cached tokens",
      type: "counter",
      aggregator: "sum",
      values: [{ labels, value: 1_500_000 }],
    },
    {
      name: "llamacpp_n_tokens_max",
      help: "Largest observed sequence length (prompt + generation)",
      type: "gauge",
      aggregator: "sum",
      values: [{ labels, value: 70 }],
    },
    {
      name: "llamacpp_requests_processing",
      help: "As the engine counts it.",
      type: "gauge",
      aggregator: "sum",
      values: [{ labels, value: 2 }],
    },
    {
      name: "llamacpp_accepted_total",
      help: "As the engine counts it.",
      type: "counter",
      aggregator: "sum",
      values: [
        { labels: { position: "0", ...labels }, value: 5 },
        { labels: { position: 'a "b" \\ c', ...labels }, value: 3 },
      ],
    },
  ]);
});

it("makes nothing of what is no metrics", () => {
  expect(engineFamilies("<html>not found</html>", { model: "m" })).toEqual([]);
  expect(engineFamilies("# TYPE llamacpp:x gauge\n", { model: "m" })).toEqual([]);
});
