import { CorralError } from "../../src/errors.ts";

/** The CorralError that is thrown; everything else is thrown on. */
export function errorOf(run: () => unknown): CorralError {
  try {
    run();
  } catch (error) {
    if (error instanceof CorralError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
