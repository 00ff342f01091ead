import { expect, test } from "vitest";
import { begin, finish, Unfinished } from "../../../lib/prompt/steps.ts";

function* work(pauses: number) {
  for (let pause = 0; pause < pauses; pause++) yield;
  return "done";
}

function* failing() {
  yield;
  throw new Error("failed");
}

test("short work ends without a pause", () => {
  expect(begin(work(0))).toBe("done");
  expect(finish(work(3))).toBe("done");
});

test("long work lets other tasks run at each pause", async () => {
  const begun = begin(work(5));
  if (!(begun instanceof Unfinished)) return expect.unreachable();
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 100) setImmediate(count);
  };
  setImmediate(count);
  expect(await Promise.all([begun.finish(), begun.finish()])).toEqual(["done", "done"]);
  expect(turns).toBeGreaterThanOrEqual(4);
});

test("work that fails after a pause rejects only when a caller waits for it", async () => {
  const begun = begin(failing());
  if (!(begun instanceof Unfinished)) return expect.unreachable();
  await expect(begun.finish()).rejects.toThrow("failed");
});
