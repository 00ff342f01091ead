import { expect, test } from "vitest";
import { createHandler } from "../../../lib/server/index.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

test("a server whose engine has stopped reports it and answers 503", async () => {
  const llama = await loadTinyModel();
  const handler = createHandler(llama);
  const health = async () => {
    const response = await handler(new Request("http://localhost/health"));
    return [response.status, await response.json()];
  };
  expect(llama.state).toBe("ready");
  expect(await health()).toEqual([200, { status: "ok" }]);
  await llama.close();
  expect(llama.state).toBe("closed");
  expect(await health()).toEqual([503, { status: "closed" }]);
  const completion = await handler(
    new Request("http://localhost/v1/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: "x", max_tokens: 1 }),
    }),
  );
  expect(completion.status).toBe(503);
  expect(await completion.json()).toMatchObject({ error: { code: "CLOSED" } });
});
