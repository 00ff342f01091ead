import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { jsonLogger, LogSink } from "../../../lib/cli/log.ts";

function loggedLines(use: (logger: ReturnType<typeof jsonLogger>) => void) {
  const written: string[] = [];
  const stream = new Writable({
    write(piece, _, done) {
      written.push(String(piece));
      done();
    },
  });
  use(jsonLogger(new LogSink(stream)));
  return written.map((line) => {
    expect(line.endsWith("}\n")).toBe(true);
    return JSON.parse(line);
  });
}

test("a record is one line of JSON with level, time, process, fields and message", () => {
  const before = Date.now();
  const lines = loggedLines((logger) => {
    logger.info({ requestId: "1", status: 200 }, "request");
    logger.warn({ key: "a\nb" }, "two\nlines");
    logger.error({}, "failed");
  });
  expect(lines).toMatchObject([
    { level: 30, pid: process.pid, requestId: "1", status: 200, msg: "request" },
    { level: 40, key: "a\nb", msg: "two\nlines" },
    { level: 50, msg: "failed" },
  ]);
  expect(Object.keys(lines[0])).toEqual([
    ...["level", "time", "pid", "hostname"],
    ...["requestId", "status", "msg"],
  ]);
  expect(lines[0].time).toBeGreaterThanOrEqual(before);
});

test("an error has its type, message and stack, with its causes", () => {
  const cause = new RangeError("too deep");
  const error = Object.assign(new TypeError("no model", { cause }), { code: "CLOSED" });
  cause.cause = error;
  const [line] = loggedLines((logger) => logger.error({ err: error }, "unexpected failure"));
  expect(line.err).toMatchObject({
    type: "TypeError",
    message: "no model: too deep",
    code: "CLOSED",
  });
  expect(line.err.stack).toMatch(/^TypeError: no model\n.*caused by: RangeError: too deep\n/s);
});
