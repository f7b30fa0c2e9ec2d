import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { missingIn, readDashboard, renderedIn, targetsOf } from "../fixtures/dashboard.ts";
import { sampleWorker } from "../fixtures/sample-status.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

/** The counters that llama-server has, of which the dashboard uses some. */
const ENGINE = ["prompt_tokens", "prompt_seconds", "tokens_predicted", "tokens_predicted_seconds"]
  .map((name) => `# TYPE llamacpp:${name}_total counter\nllamacpp:${name}_total 1\n`)
  .join("");

async function rendered() {
  const metrics = createMetrics();
  metrics.observe(stubPool({ name: "m", workers: [sampleWorker], engines: [{ replica: 0, text: ENGINE }] }));
  return renderedIn(await metrics.render());
}

describe("deploy/grafana.json", () => {
  const dashboard = readDashboard();

  it("asks only for names, labels and values that /metrics has", async () => {
    const found = await rendered();
    const targets = targetsOf(dashboard);
    expect(targets.length).toBeGreaterThan(30);
    for (const { expr, legendFormat } of targets)
      expect([expr, ...missingIn(expr, legendFormat, found)]).toEqual([expr]);
    const [model] = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    expect(missingIn(model ?? "", "{{model}}", found)).toEqual([]);
  });

  it("is checked by a check that can fail", async () => {
    const found = await rendered();
    const sum = (name: string, by: string) => `sum by (${by}) (rate(${name}[5m]))`;
    expect(missingIn(sum("coral_requests_total", "model"), "", found)).toEqual(["coral_requests_total", "model"]);
    expect(missingIn(sum("corral_requests_total", "worker"), "{{state}}", found)).toEqual(["worker", "state"]);
    expect(missingIn('corral_requests_total{outcome="answered"}', "", found)).toEqual([]);
    expect(missingIn('corral_requests_total{outcome="ansered",kind=~"x"}', "", found)).toEqual([
      'corral_requests_total{outcome="ansered"}',
      'corral_requests_total{kind=~"x"}',
    ]);
    expect(missingIn("label_values(corral_pool_redy, model)", "", found)).toEqual(["corral_pool_redy"]);
  });

  it("is one that works with any data source and for any model", () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ["datasource", "datasource"],
      ["model", "query"],
    ]);
    for (const { type, datasource } of dashboard.panels) {
      if (type !== "row") expect(datasource?.uid).toBe(`\${datasource}`);
    }
    for (const { expr } of targetsOf(dashboard)) expect(expr).toContain('model=~"$model"');
  });

  it("has panels that don't lie on each other", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
