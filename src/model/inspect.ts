import { describeParts } from "./describe.ts";
import type { ModelDescription } from "./description.ts";
import type { GgufArray, GgufValue, Scalar } from "./gguf/value.ts";
import { readParts } from "./parts.ts";

/** A description and the metadata it was made from, as plain JSON. */
export interface ModelInspection extends ModelDescription {
  /**
   * Of the first part. An array of more than 128 elements is
   * `{ array: "string", length: 151936 }`; an integer beyond 2^53 is text.
   */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Describes a model with all that its header says. Throws as `describeModel`. */
export async function inspectModel(path: string): Promise<ModelInspection> {
  const parts = await readParts(path);
  const entries = [...parts[0].metadata].map(([key, value]) => [key, plain(value)]);
  return { ...describeParts(parts), metadata: Object.fromEntries(entries) };
}

const LONGEST_SHOWN = 128;

const plain = (value: GgufValue): unknown => (value.type === "array" ? plainArray(value) : plainScalar(value.value));

const plainArray = ({ of, length, values }: GgufArray): unknown =>
  values === null || length > LONGEST_SHOWN
    ? { array: of, length }
    : values.map((element) => (typeof element === "object" ? plainArray(element) : plainScalar(element)));

const plainScalar = (value: Scalar): unknown => (typeof value === "bigint" ? String(value) : value);
