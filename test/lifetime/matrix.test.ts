import { availableParallelism } from "node:os";
import { describe, expect, test, vi } from "vitest";
import { runFixture } from "../helpers/child.ts";

// A process cannot observe its own exit, so each combination of state and end runs in a child process.

/** States of the engine at the end, and how its work settles if the process lets it finish. */
const states = {
  "never used": [],
  inspecting: ["inspected"],
  idle: [],
  loading: ["loaded"],
  prefilling: ["length", "length"],
  streaming: ["length"],
  tokenizing: ["tokenized", "tokenized"],
  compiling: ["length"],
  paused: [], // the child does not wait for the unread generation
  cancelled: ["abort"],
  closed: ["CLOSED"],
  closing: ["CLOSED"],
};

const uncaught = /^.*:\d+\n.*\n *\^\n\n?Error: planned end\n( {4}at .*\n)+\nNode\.js v\S+\n$/;

interface End {
  readonly exitCode?: number;
  readonly signal?: NodeJS.Signals;
  readonly stderr?: RegExp;
  /** How each worker ended. */
  readonly worker?: string;
}

const ends: Record<string, End> = {
  return: { exitCode: 0 },
  "process.exit": { exitCode: 7 },
  // Some frameworks end like this. The addon then runs no code before exit() of the C library.
  "process.exit without listeners": { exitCode: 7 },
  throw: { exitCode: 1, stderr: uncaught },
  "unhandled rejection": { exitCode: 1, stderr: uncaught },
  SIGINT: { signal: "SIGINT" },
  SIGTERM: { signal: "SIGTERM" },
  "worker return": { exitCode: 0, worker: "exit 0" },
  "worker throw": { exitCode: 0, worker: "exit 1 after planned end" },
  "worker process.exit": { exitCode: 0, worker: "exit 7" },
  "worker terminate": { exitCode: 0, worker: "exit 1" },
  "process.exit beside a worker": { exitCode: 7 },
};

// In these states the engine's thread works while the process ends, so the outcome is a race. A single
// run could pass by luck.
const repetitionsOf: Readonly<Record<string, number>> = {
  loading: 20,
  prefilling: 20,
  streaming: 20,
  tokenizing: 5,
  compiling: 5,
};
const racyEnds = [
  "process.exit",
  "process.exit without listeners",
  "throw",
  "worker throw",
  "worker process.exit",
  "worker terminate",
];

vi.setConfig({ maxConcurrency: availableParallelism(), testTimeout: 180_000 });

describe.concurrent.each(Object.entries(states))("%s", (state, settled) => {
  test.for(Object.entries(ends))("then %s", async ([name, end]) => {
    const repetitions = racyEnds.includes(name) ? (repetitionsOf[state] ?? 1) : 1;
    // One child ends many workers, one after another. A process can end only once.
    const children = end.worker === undefined ? repetitions : 1;
    for (let moment = 0; moment < children; moment++) {
      const args = [state, name, `${moment}`, `${repetitions}`];
      const child = await runFixture("lifetime-child.mjs", args);
      expect(child, `moment ${moment}`).toMatchObject({
        exitCode: end.exitCode ?? null,
        signal: end.signal ?? null,
        stderr: expect.stringMatching(end.stderr ?? /^$/),
      });
      const lines = child.stdout.split("\n").filter(Boolean);
      const isWorkerEnd = (line: string) => line.startsWith("exit ");
      expect(lines.filter(isWorkerEnd)).toEqual(
        end.worker === undefined ? [] : Array(repetitions).fill(end.worker),
      );
      if (name.endsWith("return")) {
        expect(lines.filter((line) => !isWorkerEnd(line))).toEqual(settled);
      }
    }
  });
});
