import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";

// If the garbage collector collected a listener, the request would never end.
test.each([
  ["cancel", "abort"],
  ["signal", "Error: enough"],
  ["AbortSignal.timeout", "TimeoutError: The operation was aborted due to timeout"],
  ["timeoutMs", "timeout"],
  ["idleTimeoutMs", expect.stringContaining("the server sent no data for 1 s")],
  ["close", "CodeLlamaError: the connection was closed"],
])("%s ends a request to a silent remote server after garbage collections", async (way, ended) => {
  const child = await runFixture("remote-child.mjs", [way], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  expect(JSON.parse(child.stdout)).toEqual({ ended, closed: true });
});
