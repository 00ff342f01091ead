import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Prints `N passed, N failed` as the last line of the run, for scripts. Also writes the counts to the
 * file that NODE_CODELLAMA_TEST_COUNTS names, so that a script can add up several runs.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) count[test.result().state]++;
      // A file that fails to load has no failed test, but it counts as a failure.
      if (module.state() === "failed" && tests.every((test) => test.ok())) count.failed++;
    }
    const file = process.env.NODE_CODELLAMA_TEST_COUNTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify(count));
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    process.on("exit", () =>
      console.log(`${count.passed} passed, ${count.failed} failed${skipped}`),
    );
  }
}
