import { formatFigure } from "../terminal/figure.ts";
import { escapeHtml } from "./escape.ts";

export interface Chart {
  readonly title: string;
  /** Of the values: "tokens/s". */
  readonly unit: string;
  /** Requests at once, one column each, evenly apart. */
  readonly levels: readonly number[];
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  /** One a level; what is no number is left out of the line. */
  readonly values: readonly number[];
}

const WIDTH = 460;
const HEIGHT = 260;
const PLOT = { left: 52, right: 66, top: 14, bottom: 40 } as const;
/** Pixels between the middles of two labels, so that they don't cover each other. */
const LABEL_HEIGHT = 14;

/** A line chart as inline SVG. Its colours are classes s0, s1, s2, which the page defines for light and dark. */
export function lineChart({ title, unit, levels, series }: Chart): string {
  const ticks = ticksUpTo(Math.max(0, ...series.flatMap(({ values }) => values).filter(Number.isFinite)));
  const top = ticks.at(-1) ?? 1;
  const x = (index: number): number => {
    const room = WIDTH - PLOT.left - PLOT.right;
    return PLOT.left + (levels.length === 1 ? room / 2 : (room * index) / (levels.length - 1));
  };
  const y = (value: number): number => HEIGHT - PLOT.bottom - ((HEIGHT - PLOT.top - PLOT.bottom) * value) / top;
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/>` +
      `<text class="tick" x="${PLOT.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${formatTick(tick)}</text>`,
  );
  const columns = levels.map(
    (level, index) =>
      `<text class="tick" x="${round(x(index))}" y="${HEIGHT - PLOT.bottom + 18}" text-anchor="middle">${level}</text>`,
  );
  const middle = (PLOT.left + WIDTH - PLOT.right) / 2;
  return [
    `<figure><figcaption>${escapeHtml(title)} <span>${escapeHtml(unit)}</span></figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}, ${unit}`)}">`,
    ...grid,
    ...columns,
    `<text class="tick" x="${middle}" y="${HEIGHT - 4}" text-anchor="middle">requests at once</text>`,
    ...series.map((each, index) => lineOf(each, index, { x, y, levels, unit })),
    ...labelsOf(series, { x, y, levels }),
    "</svg></figure>",
  ].join("\n");
}

interface Scale {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly levels: readonly number[];
}

function lineOf({ name, values }: Series, index: number, { x, y, levels, unit }: Scale & { unit: string }): string {
  const points = values.flatMap((value, at) => (Number.isFinite(value) ? [{ at, value }] : []));
  const line = points.map(({ at, value }) => `${round(x(at))},${round(y(value))}`).join(" ");
  const dots = points.map(({ at, value }) => {
    const told = `${name} at ${levels[at]}: ${formatFigure(value)} ${unit}`;
    return `<circle cx="${round(x(at))}" cy="${round(y(value))}" r="3.5"><title>${escapeHtml(told)}</title></circle>`;
  });
  return `<g class="s${index}"><polyline points="${line}"/>${dots.join("")}</g>`;
}

/** Each line's name at its right end, moved up where it would cover the one below, and all down where one would stick out. */
function labelsOf(series: readonly Series[], { x, y, levels }: Scale): string[] {
  let below = Number.POSITIVE_INFINITY;
  const ends = series
    .map(({ name, values }, index) => ({ name, index, end: y(values.findLast(Number.isFinite) ?? 0) }))
    .sort((a, b) => b.end - a.end)
    .map(({ end, ...rest }) => {
      below = Math.min(end, below - LABEL_HEIGHT);
      return { ...rest, at: below };
    });
  const down = Math.max(0, LABEL_HEIGHT / 2 - Math.min(...ends.map(({ at }) => at)));
  return ends.map(({ name, index, at }) => {
    const place = `x="${round(x(levels.length - 1) + 10)}" y="${round(at + down + 4)}"`;
    return `<text class="name t${index}" ${place}>${escapeHtml(name)}</text>`;
  });
}

/** From 0 to the largest value or just above, in three to six steps of 1, 2 or 5 times a power of ten. */
export function ticksUpTo(largest: number): number[] {
  if (!(largest > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(largest / 3));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => largest / each <= 5) ?? 10 * power;
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, index) => index * step);
}

function formatTick(tick: number): string {
  return Number(tick.toPrecision(3)).toString();
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
