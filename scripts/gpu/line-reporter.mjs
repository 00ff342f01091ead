import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "../project.mjs";

/** Writes one line of JSON per test file when the file ends, so an interrupted run leaves results. */
export default class LineReporter {
  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()];
    const count = (state) => tests.filter((test) => test.result().state === state).length;
    const failures = tests
      .filter((test) => test.result().state === "failed")
      .map((test) => ({ test: test.fullName, message: firstLines(test.result().errors) }));
    if (tests.length === 0 && module.state() === "failed") {
      failures.push({ test: "", message: firstLines(module.errors()) });
    }
    const facts = {
      file: relative(root, module.moduleId),
      passed: count("passed"),
      failed: failures.length,
      skipped: count("skipped"),
      failures,
    };
    console.log(`${facts.file}: ${facts.passed} passed, ${facts.failed} failed`);
    appendFileSync(process.env.TEST_LINES ?? "test-lines.jsonl", `${JSON.stringify(facts)}\n`);
  }
}

function firstLines(errors = []) {
  return (errors[0]?.message ?? "").split("\n").slice(0, 6).join("\n");
}
