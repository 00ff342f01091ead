// Each body is within the size limit of a body. The event-loop watchdog fails a test whose body
// blocks the event loop.
import { describe, expect, test } from "vitest";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer({}, { contextSize: 512 });

async function refusal(body: () => object): Promise<{ message: string; param: string }> {
  const text = heavy("the body is long", () => JSON.stringify(body()));
  const response = await shared.server.post("/v1/completions", {}, { body: text });
  expect(response.status).toBe(400);
  return (await jsonOf(response)).error;
}

const ask = { prompt: "a", max_tokens: 1 };

describe("a structure inside a string has the same limits as one in the body", () => {
  test.each([
    ["guided_json", (json: string) => ({ guided_json: json })],
    ["structured_outputs.json", (json: string) => ({ structured_outputs: { json } })],
  ])("%s", async (name, field) => {
    const objects = () => ({ ...ask, ...field(`{"a":[${"{},".repeat(2_300_000)}{}]}`) });
    expect(await refusal(objects)).toMatchObject({
      message: `${name}: must have at most 262144 characters`,
      param: name,
    });
  });

  test("guided_choice", async () => {
    const choices = () =>
      Array.from({ length: 10 }, (_, index) => index + "\u0085".repeat(300_000));
    expect(await refusal(() => ({ ...ask, guided_choice: choices() }))).toMatchObject({
      message: "guided_choice: must have at most 262144 characters in all",
      param: "guided_choice",
    });
  });
});

describe("the answers to all prompts of a request share one limit", () => {
  const prompts = Array.from({ length: 128 }, (_, index) => `a${index}`);

  test.each(["n", "best_of"])("%s", async (name) => {
    expect(await refusal(() => ({ ...ask, prompt: prompts, [name]: 128 }))).toMatchObject({
      message: `${name}: 128 for each of 128 prompts is more than 512 answers`,
      param: name,
    });
  });

  test("accepts 512 answers", async () => {
    const answer = await shared.server.post("/v1/completions", { ...ask, prompt: prompts, n: 4 });
    expect((await jsonOf(answer)).choices).toHaveLength(512);
  });
});
