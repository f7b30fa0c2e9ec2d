/** Raw figures as JSON: maps become objects, request bodies (Buffers) text. */
export function toJson(figures: unknown): string {
  return `${JSON.stringify(figures, replace, 1)}\n`;
}

function replace(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (Buffer.isBuffer(original)) return original.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}
