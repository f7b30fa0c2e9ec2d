export type Labels = Readonly<Record<string, string>>;

/** All series of one name, in the shape in which prom-client's registries hand theirs over. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Series of the same labels are added up. */
  readonly aggregator: "sum";
  readonly values: readonly Sample[];
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Where it is not the family's own: "x_bucket". */
  readonly metricName?: string;
}

export function gauge(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: "gauge", aggregator: "sum", values };
}

export function counter(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: "counter", aggregator: "sum", values };
}
