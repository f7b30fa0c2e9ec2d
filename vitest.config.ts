import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** What pools find out about requests is not to be known to the next run, nor to the user's own pools. */
const XDG_STATE_HOME = join(tmpdir(), `corral-test-state-${process.pid}`);

/**
 * Two projects: `unit` is pure or touches files only; `real` starts processes and listens on sockets, one file at a
 * time, so that workers have the machine's CPUs to themselves.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          env: { XDG_STATE_HOME },
          exclude: ["test/real/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          globalSetup: ["test/real/set-up.ts"],
          fileParallelism: false,
          env: { XDG_STATE_HOME },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
