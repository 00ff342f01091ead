import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The package tests compile llama.cpp from the tarball. `npm run test:package` and CI run them.
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
    // One process per test file, so that an addon that crashes or leaks affects no other file.
    pool: "forks",
    // Tests generate with one thread, so every core can run a file.
    maxWorkers: "100%",
    setupFiles: [fileURLToPath(new URL("helpers/event-loop/watch-tests.ts", import.meta.url))],
    // A busy host sometimes makes a turn of the event loop look long. A real problem fails again. Only
    // this failure is retried.
    retry: { count: 1, condition: /held the event loop/ },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", fileURLToPath(new URL("closing-line.ts", import.meta.url))],
  },
});
