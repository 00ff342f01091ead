import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The package tests compile llama.cpp from the tarball: `npm run test:package` and CI run them.
const includes = process.env.TEST_PACKAGE
  ? ["test/package/**/*.test.ts"]
  : ["unit", "integration", "golden", "lifetime", "native"].map(
      (folder) => `test/${folder}/**/*.test.ts`,
    );

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: includes,
    typecheck: {
      enabled: !process.env.TEST_PACKAGE,
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "tsconfig.json",
    },
    // A fork each: an addon that crashed or leaked in one file must not reach the next one.
    pool: "forks",
    // Generating tests use one thread, so that every core takes a file.
    maxWorkers: "100%",
    setupFiles: [fileURLToPath(new URL("helpers/event-loop/watch-tests.ts", import.meta.url))],
    // A busy host makes a turn of the event loop look long now and then. What really holds the loop does so
    // again. No other failure is tried twice.
    retry: { count: 1, condition: /held the event loop/ },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", fileURLToPath(new URL("closing-line.ts", import.meta.url))],
  },
});
