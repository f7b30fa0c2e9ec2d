/** Bytes of tensor data by tensor type ("Q4_0" -> 201326592). */
export function bytesByType(
  tensors: readonly { readonly type: string; readonly bytes: number }[],
): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const tensor of tensors) bytes[tensor.type] = (bytes[tensor.type] ?? 0) + tensor.bytes;
  return bytes;
}

/** The type that holds most of the bytes. */
export function largestType(bytes: Readonly<Record<string, number>>): string {
  const [first] = Object.entries(bytes).sort(([, one], [, other]) => other - one);
  return first?.[0] ?? "none";
}
