import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findBrowser, usePlayground } from "../../../helpers/browser.ts";

describe.skipIf(findBrowser() === undefined)("editing in the playground (needs chromium)", () => {
  const playground = usePlayground();

  /** A text area whose caret the test sets and reads. */
  async function caret(area: Locator, to?: number): Promise<number> {
    return area.evaluate((found, position) => {
      const text = found as unknown as {
        selectionStart: number;
        setSelectionRange(start: number, end: number): void;
      };
      if (position !== undefined) text.setSelectionRange(position, position);
      return text.selectionStart;
    }, to);
  }

  test("undo removes an answer in one step, then the typed text, and redo restores both", async () => {
    const area = playground.area;
    await area.fill("");
    await area.pressSequentially("def fibonacci(n: int) -> int:\n");
    const typed = await area.inputValue();
    await area.press("Control+Enter");
    await playground.waitForStatus("50 tokens");
    const answered = await area.inputValue();
    expect(answered).toContain("return a");
    await area.press("Control+z");
    expect(await area.inputValue()).toBe(typed);
    await area.press("Control+z");
    expect(await area.inputValue()).toBe("");
    await area.press("Control+Shift+z");
    expect(await area.inputValue()).toBe(typed);
    await area.press("Control+y");
    expect(await area.inputValue()).toBe(answered);
    await area.press("Control+End");
    await area.pressSequentially("# done");
    await area.press("Backspace");
    await area.press("Control+z");
    expect(await area.inputValue()).toBe(`${answered}# done`);
    await area.press("Control+z");
    expect(await area.inputValue()).toBe(answered);
  });

  test("the browser's own undo, such as from its menu, does the same", async () => {
    const area = playground.area;
    await area.fill("def fibonacci(n: int) -> int:\n");
    await area.press("Control+Enter");
    await playground.waitForStatus("50 tokens");
    const page = playground.page();
    const client = await page.context().newCDPSession(page);
    await client.send("Input.dispatchKeyEvent", {
      type: "rawKeyDown",
      key: "F13",
      commands: ["undo"],
    });
    expect(await area.inputValue()).toBe("def fibonacci(n: int) -> int:\n");
  });

  test("undo during an answer stops it and restores the text before it", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    await area.press("Control+z");
    await playground.waitForEnd();
    playground.pace.release();
    await playground.page().waitForTimeout(100);
    expect(await area.inputValue()).toBe(before);
    expect(await playground.status.textContent()).toContain("stopped");
  });

  test("undo of an infill restores the selected text", async () => {
    await playground.page().getByRole("tab", { name: "Infill" }).click();
    const area = playground.page().getByLabel("Text to fill at the cursor");
    await area.fill("def add(a, b):\n    return zzz\n\nprint(add(1, 2))\n");
    const before = await area.inputValue();
    await area.evaluate((found, from) => {
      const text = found as unknown as { setSelectionRange(start: number, end: number): void };
      text.setSelectionRange(from, from + " zzz".length);
    }, before.indexOf(" zzz"));
    await area.press("Control+Enter");
    await playground.waitForStatus("first token");
    await playground.waitForEnd();
    expect(await area.inputValue()).toContain("return a + b\n");
    await area.press("Control+z");
    expect(await area.inputValue()).toBe(before);
  });

  test("the caret stays where the user puts it, and typed text stays together", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    await caret(area, before.length);
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    const length = async () => (await area.inputValue()).length;
    expect(await caret(area)).toBe(await length()); // At the end of the insertion, the caret moves with the text.

    await area.press("Control+Home");
    await playground.page().keyboard.type("# by");
    const soFar = await length();
    await playground.continueUntil(async () => (await length()) > soFar);
    expect(await caret(area)).toBe("# by".length);
    await playground.page().keyboard.type(" me\n");

    await area.press("Control+End");
    await playground.page().keyboard.type("# th");
    const later = await length();
    await playground.continueUntil(async () => (await length()) > later);
    await playground.page().keyboard.type("at is all");
    playground.pace.release();
    await playground.waitForStatus("50 tokens");
    const text = await area.inputValue();
    expect(text.startsWith(`# by me\n${before}`)).toBe(true);
    expect(text).toMatch(/a, b = b, a \+ b\n {4}return a\n[^#]*# that is all$/);
  });

  test("deleting or replacing text around the insertion does not shift it", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    const soFar = await area.inputValue();
    await area.press("Control+Home");
    await area.press("Delete");
    await area.press("Delete");
    await playground.continueUntil(async () => (await area.inputValue()).length > soFar.length);
    expect((await area.inputValue()).startsWith(soFar.slice(2))).toBe(true);
    await area.press("Control+a");
    await playground.page().keyboard.type("new");
    playground.pace.release();
    await playground.waitForEnd();
    expect(await area.inputValue()).toMatch(/[^n]new$/);
  });

  test("a text can be scrolled while more text arrives", async () => {
    const area = playground.area;
    await area.fill(`${"# a line\n".repeat(80)}def fibonacci(n: int) -> int:\n`);
    const before = await area.inputValue();
    const scrolled = () => area.evaluate((found) => (found as { scrollTop: number }).scrollTop);
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    expect(await scrolled()).toBeGreaterThan(500);
    await area.evaluate((found) => {
      (found as { scrollTop: number }).scrollTop = 100;
    });
    const soFar = await area.inputValue();
    await playground.continueUntil(async () => (await area.inputValue()) !== soFar);
    expect(await scrolled()).toBe(100);
  });

  test("arriving text does not break a character that is being composed", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    await area.press("Control+Home");
    const page = playground.page();
    const client = await page.context().newCDPSession(page);
    const composed = { text: "ni", selectionStart: 2, selectionEnd: 2 };
    await client.send("Input.imeSetComposition", composed);
    const composing = await area.inputValue();
    playground.pace.release();
    await playground.waitForStatus("50 tokens");
    expect(await area.inputValue()).toBe(composing);
    await client.send("Input.insertText", { text: "\u4f60" });
    await expect.poll(() => area.inputValue()).toMatch(/^\u4f60def [\s\S]*return a\n$/);
  });
});
