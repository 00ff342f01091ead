import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";

type Engines = Readonly<Record<string, Engine>>;

interface Engine {
  load(): Promise<void>;
  call(method: string): Promise<unknown>;
  close(): Promise<void>;
}

interface Contest {
  readonly failures: readonly string[];
  withEngines<Result>(plan: object, use: (engines: Engines) => Promise<Result>): Promise<Result>;
  interleave(
    title: string,
    names: readonly string[],
    repetitions: number,
    measure: (name: string, repetition: number) => Promise<unknown>,
  ): Promise<Record<string, unknown[]>>;
}

// The bench is plain JavaScript, without declarations of its types.
const load = async (name: string): Promise<unknown> =>
  import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const { Contest } = (await load("comparison")) as { Contest: new () => Contest };
const { Engine } = (await load("engine")) as {
  Engine: new (peer: string, options: object, callMs?: number) => Engine;
};
const { caseTable } = (await load("report")) as { caseTable(result: object): string };

const peer = "../../test/fixtures/bench-peer";
const plan = { ours: { peer, modelPath }, theirs: { peer, modelPath } };

describe("a contest", () => {
  test("continues without a peer that fails, and reports it in the table", async () => {
    const contest = new Contest();
    const samples = await contest.withEngines(plan, (engines) =>
      contest.interleave("race", ["ours", "theirs"], 3, (name, repetition) => {
        const fails = name === "theirs" && repetition === 1;
        return engines[name]?.call(fails ? "fail" : "answer") ?? Promise.reject();
      }),
    );
    expect(samples).toEqual({ ours: [42, 42, 42], theirs: [42] });
    expect(contest.failures).toEqual([`theirs (race: ${peer}: Error: the prompt is too long)`]);
    const comparison = { subject: "tiny", measure: "speed", unit: "m/s", better: "higher" };
    const table = caseTable({
      name: "race",
      summary: "How fast",
      leftOut: contest.failures,
      comparisons: [{ ...comparison, samples: { ours: [42], theirs: [] }, targets: { theirs: 2 } }],
    });
    expect(table).toMatch(/\| theirs +\| +- \| failed +\| +- \|/);
    expect(table).toContain("Left out: theirs (race:");
  });

  test("continues without a peer that cannot load", async () => {
    const contest = new Contest();
    const samples = await contest.withEngines(
      { ...plan, theirs: { ...plan.theirs, cannotLoad: true } },
      (engines) =>
        contest.interleave("race", ["ours", "theirs"], 1, async (name) =>
          engines[name]?.call("answer"),
        ),
    );
    expect(samples).toEqual({ ours: [42], theirs: [] });
    expect(contest.failures[0]).toBe(`theirs (loading: ${peer}: Error: no such model)`);
  });

  test("ends if our engine fails", async () => {
    const contest = new Contest();
    const race = contest.withEngines(plan, (engines) =>
      contest.interleave("race", ["ours", "theirs"], 1, async (name) => engines[name]?.call("die")),
    );
    await expect(race).rejects.toThrow("ended with exit code 3");
  });
});

test("an engine that hangs is killed, and takes no more calls", async () => {
  const engine = new Engine(peer, { modelPath }, 2000);
  await engine.load();
  await expect(engine.call("hang")).rejects.toThrow("hang took longer than 2 s");
  await expect(engine.call("answer")).rejects.toThrow("hang took longer than 2 s");
  await engine.close();
});
