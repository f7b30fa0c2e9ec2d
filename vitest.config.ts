import { defineConfig } from "vitest/config";

/**
 * Two projects: `unit` is pure or touches files only; `real` starts processes and listens on sockets, one file at a
 * time, so that workers have the machine's CPUs to themselves.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/real/**"], testTimeout: 20_000 } },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          globalSetup: ["test/real/set-up.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
