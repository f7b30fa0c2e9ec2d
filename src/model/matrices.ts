import type { MatrixGroup } from "./description.ts";

interface Tensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Matrices that are alike, in the order in which they first appear. Vectors are left out. Pure. */
export function groupMatrices(
  tensors: readonly Tensor[],
  useOf: (name: string) => MatrixGroup["use"],
): readonly MatrixGroup[] {
  const groups = new Map<string, MatrixGroup>();
  for (const { name, type, shape, bytes } of tensors) {
    if (shape.length < 2) continue;
    const use = useOf(name);
    const key = `${type} ${shape.join("x")} ${use}`;
    groups.set(key, { type, shape, use, bytes: bytes + (groups.get(key)?.bytes ?? 0) });
  }
  return [...groups.values()];
}
