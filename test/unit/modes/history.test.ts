import { expect, test } from "vitest";
import { fitHistory } from "../../../lib/modes/history.ts";
import type { ChatMessage } from "../../../lib/options/messages.ts";
import { Random } from "../../helpers/random.ts";

const random = new Random(1);

/** A dialog of that many turns, whose answers have different lengths. */
function dialogOf(turns: number): ChatMessage[] {
  const messages: ChatMessage[] = [{ role: "system", content: "Be brief." }];
  for (let turn = 0; turn < turns; turn++) {
    messages.push({ role: "user", content: "q".repeat(10 + random.below(30)) });
    messages.push({ role: "assistant", content: "a".repeat(random.below(300)) });
  }
  return [...messages, { role: "user", content: "What next?" }];
}

// One token for each character, and one for each message.
const tokensOf = (messages: readonly ChatMessage[]) =>
  messages.reduce((sum, { content }) => sum + content.length + 1, 0);

function fitInto(messages: readonly ChatMessage[], limit: number) {
  let encodings = 0;
  const layOut = (some: readonly ChatMessage[]) => () => {
    encodings++;
    return new Int32Array(tokensOf(some));
  };
  const encoder = { encode: () => new Int32Array() };
  const history = { messages, whole: layOut(messages), layOut };
  return fitHistory(history, limit, encoder).then((fitted) => ({ ...fitted, encodings }));
}

test("a dialog that fits is encoded once", async () => {
  const messages = dialogOf(5);
  const { prompt, dropped, encodings } = await fitInto(messages, tokensOf(messages));
  expect(prompt).toHaveLength(tokensOf(messages));
  expect(dropped).toEqual([]);
  expect(encodings).toBe(1);
});

test.each([20, 200, 2000])("a dialog of %d turns is cut with few encodings", async (turns) => {
  const messages = dialogOf(turns);
  const limit = 1500;
  const { prompt, dropped, encodings } = await fitInto(messages, limit);
  const target = (limit * 3) / 4;
  expect(prompt.length).toBeLessThanOrEqual(target);
  // The last dropped turn would not have fitted.
  const [system, ...rest] = messages;
  const withOneMore = [...(system ? [system] : []), ...rest.slice(dropped.length - 2)];
  expect(tokensOf(withOneMore)).toBeGreaterThan(target);
  expect(encodings).toBeLessThanOrEqual(6);
});

test("the system message and the question stay", async () => {
  const messages = dialogOf(20);
  const { prompt, dropped } = await fitInto(messages, 20);
  expect(dropped).toEqual(messages.slice(1, -1));
  expect(prompt).toHaveLength(tokensOf([...messages.slice(0, 1), ...messages.slice(-1)]));
});
