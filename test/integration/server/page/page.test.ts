import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser, usePlayground } from "../../../helpers/browser.ts";
import { useTinyServer } from "../../../helpers/server.ts";

const hasNoBrowser = findBrowser() === undefined;

describe.skipIf(hasNoBrowser)("the playground (needs chromium)", () => {
  const shared = useTinyServer({ playground: true });
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 960, height: 800 } });
    page.on("pageerror", (error) => failures.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") failures.push(message.text());
    });
    await page.goto(shared.server.url);
    await page.getByLabel("Temperature").fill("0");
  });

  afterAll(async () => {
    await browser?.close();
    expect(failures).toEqual([]);
  });

  /** Saves a screenshot if PLAYGROUND_SCREENSHOTS names a folder. */
  async function screenshot(name: string) {
    const folder = process.env.PLAYGROUND_SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
  }

  test("shows the model and its capabilities", async () => {
    const line = await page.locator("#model", { hasText: "codellama-tiny" }).textContent();
    expect(line).toContain("completion, infill, chat");
    expect(line).toContain("2048 tokens");
  });

  test("completes a text and shows the speed", async () => {
    await page.getByLabel("Text to continue").press("Control+Enter");
    await page.locator("#status", { hasText: "50 tokens" }).waitFor();
    const text = await page.getByLabel("Text to continue").inputValue();
    expect(text).toContain("a, b = b, a + b\n    return a\n");
    expect(await page.locator("#status").textContent()).toMatch(
      /\d+ tokens\/s, first token after \d+ ms/,
    );
    await screenshot("complete");
  });

  test("fills the hole at the cursor", async () => {
    await page.getByRole("tab", { name: "Infill" }).click();
    const area = page.getByLabel("Text to fill at the cursor");
    await area.evaluate((element) => {
      const text = element as unknown as {
        value: string;
        setSelectionRange(a: number, b: number): void;
      };
      const hole = text.value.indexOf("return") + "return".length;
      text.setSelectionRange(hole, hole);
    });
    await area.press("Control+Enter");
    await page.locator("#status", { hasText: "tokens/s" }).waitFor();
    await expect.poll(() => area.inputValue()).toContain("return a + b\n\nprint(add(1, 2))");
    await screenshot("infill");
  });

  test("chats, stops and starts a new chat", async () => {
    await page.getByRole("tab", { name: "Infill" }).press("ArrowRight");
    const area = page.getByLabel("Message");
    await area.fill("Write a Python function that computes the factorial of a number.");
    await area.press("Control+Enter");
    await page.locator("#dialog .assistant", { hasText: "factorial" }).waitFor();
    await page
      .getByRole("button", { name: "Run" })
      .and(page.locator("[aria-disabled=false]"))
      .waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot("chat-dark");
    // At temperature 0 the answer may end before the click.
    await page.getByLabel("Temperature").fill("2");
    await area.fill("Tell me a very long story.");
    await area.press("Control+Enter");
    await page.locator("#dialog .assistant").nth(1).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator("#status", { hasText: "stopped" }).waitFor();
    await page.getByLabel("Temperature").fill("0");
    await page.getByRole("button", { name: "New chat" }).click();
    expect(await page.locator("#dialog li").count()).toBe(0);
  });

  test("shows errors of the server", async () => {
    await page.getByLabel("Message").fill("Hello. ".repeat(3000));
    await page.getByLabel("Message").press("Control+Enter");
    await page.locator("#status.error", { hasText: "context" }).waitFor();
    failures.length = 0; // The browser reports the 400 as a failure too.
  });
});

describe.skipIf(hasNoBrowser)("the playground while text arrives (needs chromium)", () => {
  const playground = usePlayground();
  const focused = () => playground.page().locator(":focus").getAttribute("id");

  async function openChat(): Promise<Locator> {
    await playground.page().getByRole("tab", { name: "Chat" }).click();
    return playground.page().getByLabel("Message");
  }

  const answer = () => playground.page().locator("#dialog .assistant");
  const isAnswering = async () =>
    (await answer().count()) > 0 && (await answer().last().textContent()) !== "";

  test("a new chat stops the running answer and starts empty", async () => {
    const area = await openChat();
    await area.fill("Tell me a very long story.");
    await playground.startUntil(area, isAnswering);
    await playground.page().getByRole("button", { name: "New chat" }).click();
    await playground.waitForEnd();
    playground.pace.release();
    expect(await playground.page().locator("#dialog li").count()).toBe(0);
    await area.fill("Write a Python function that adds two numbers.");
    const asked = playground.page().waitForRequest(/chat\/completions/);
    await area.press("Control+Enter");
    const { messages } = (await asked).postDataJSON();
    expect(messages).toEqual([
      { role: "user", content: "Write a Python function that adds two numbers." },
    ]);
    await playground.waitForStatus("tokens/s");
    await playground.waitForEnd();
    expect(await playground.page().locator("#dialog li").count()).toBe(2);
  });

  test("a new chat before the first token does not bring the question back", async () => {
    const area = await openChat();
    await area.fill("Hello");
    playground.pace.hold();
    await area.press("Control+Enter");
    await playground.page().locator("#dialog .user").waitFor();
    await playground.page().getByRole("button", { name: "New chat" }).click();
    await playground.waitForEnd();
    expect(await area.inputValue()).toBe("");
    expect(await playground.page().locator("#dialog li").count()).toBe(0);
  });

  test("a new chat does not stop a completion", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    await playground.startUntil(area, async () => (await area.inputValue()) !== before);
    await openChat();
    await playground.page().getByRole("button", { name: "New chat" }).click();
    playground.pace.release();
    await playground.waitForStatus("50 tokens");
  });

  test("Run and Stop by keyboard keep the focus", async () => {
    const area = playground.area;
    const before = await area.inputValue();
    playground.pace.hold();
    await playground.run.focus();
    await playground.run.press("Enter");
    await playground.waitForStatus("waiting");
    expect(await focused()).toBe("run");
    await playground.continueUntil(async () => (await area.inputValue()) !== before);
    expect(await focused()).toBe("run");
    await playground.page().keyboard.press("Tab");
    expect(await focused()).toBe("stop");
    await playground.page().keyboard.press("Space");
    await playground.waitForEnd();
    expect(await focused()).toBe("stop");
    expect(await playground.stop.getAttribute("aria-disabled")).toBe("true");
    playground.pace.release();
    await playground.run.press("Enter");
    await playground.waitForStatus("tokens/s");
    await playground.waitForEnd();
    expect(await focused()).toBe("run");
  });

  test("the dialog can be scrolled by keyboard, also while text arrives", async () => {
    const area = await openChat();
    expect(await playground.page().getByRole("log").count()).toBe(0);
    await area.fill(`Tell me a very long story.${"\n.".repeat(60)}`);
    await playground.startUntil(area, isAnswering);
    const dialog = playground.page().getByRole("log", { name: "Dialog" });
    expect(await dialog.getAttribute("tabindex")).toBe("0");
    const scrolled = () => dialog.evaluate((found) => (found as { scrollTop: number }).scrollTop);
    expect(await scrolled()).toBeGreaterThan(0);
    await dialog.press("Home");
    await expect.poll(scrolled).toBe(0);
    const soFar = await answer().textContent();
    await playground.continueUntil(async () => (await answer().textContent()) !== soFar);
    expect(await scrolled()).toBe(0);
  });

  test("the whole page is in landmarks, and Home and End move between the tabs", async () => {
    expect(await playground.page().locator("main [role=tablist]").count()).toBe(1);
    const tab = (name: string) => playground.page().getByRole("tab", { name });
    await tab("Complete").press("End");
    expect(await tab("Chat").getAttribute("aria-selected")).toBe("true");
    expect(await focused()).toBe("tab-chat");
    await tab("Chat").press("Home");
    expect(await tab("Complete").getAttribute("aria-selected")).toBe("true");
    expect(await focused()).toBe("tab-complete");
  });

  test("shows that the answer was stopped before the first token", async () => {
    playground.pace.hold();
    await playground.area.press("Control+Enter");
    await playground.waitForStatus("waiting");
    await playground.page().keyboard.press("Escape");
    await playground.waitForEnd();
    expect(await playground.status.textContent()).toBe("stopped before the first token");
  });

  test("puts a question that fails before any text back into its field", async () => {
    const area = await openChat();
    await area.fill("Write a Python function that adds two numbers.");
    await area.press("Control+Enter");
    await playground.waitForStatus("tokens/s");
    await playground.waitForEnd();
    const tooLong = "What does this mean? ".repeat(1000);
    await area.fill(tooLong);
    await area.press("Control+Enter");
    await playground.page().locator("#status.error", { hasText: "context" }).waitFor();
    await playground.waitForEnd();
    expect(await area.inputValue()).toBe(tooLong);
    expect(await playground.page().locator("#dialog li").count()).toBe(2);
    playground.failures.length = 0; // The browser reports the 400 as a failure too.

    await playground.page().context().setOffline(true);
    await area.fill("Hello?");
    await area.press("Control+Enter");
    await playground.page().locator("#status.error").waitFor();
    await playground.waitForEnd();
    await playground.page().context().setOffline(false);
    expect(await area.inputValue()).toBe("Hello?");
    playground.failures.length = 0;

    const asked = playground.page().waitForRequest(/chat\/completions/);
    await area.press("Control+Enter");
    const { messages } = (await asked).postDataJSON() as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    await playground.waitForEnd();
  });

  test("puts the question back before the text that was typed meanwhile", async () => {
    const area = await openChat();
    await area.fill("First?");
    playground.pace.hold();
    await area.press("Control+Enter");
    await playground.page().locator("#dialog .user").waitFor();
    await area.fill("Second?");
    await playground.page().keyboard.press("Escape");
    await playground.waitForEnd();
    expect(await area.inputValue()).toBe("First?\nSecond?");
    expect(await playground.page().locator("#dialog li").count()).toBe(0);
  });

  test.each([
    ["Temperature", "5", "Temperature must be a number between 0 and 2 (got 5)."],
    ["Top p", "-0.5", "Top p must be a number between 0 and 1 (got -0.5)."],
    ["Max tokens", "0", "Max tokens must be a whole number between 1 and 4096 (got 0)."],
    ["Max tokens", "1.5", "Max tokens must be a whole number between 1 and 4096 (got 1.5)."],
    ["Seed", "-1", "Seed must be a whole number of at least 0 (got -1)."],
  ])("does not send %s %s", async (name, value, message) => {
    const requests: string[] = [];
    playground.page().on("request", (request) => requests.push(request.url()));
    await playground.page().getByLabel(name, { exact: true }).fill(value);
    await playground.area.press("Control+Enter");
    await playground.page().locator("#status.error", { hasText: message }).waitFor();
    expect(requests).toEqual([]);
  });

  test("does not send text as a number, but sends finer steps than the arrow buttons use", async () => {
    const temperature = playground.page().getByLabel("Temperature");
    await temperature.fill("");
    await temperature.pressSequentially("1e");
    await playground.area.press("Control+Enter");
    await playground.page().locator("#status.error", { hasText: "Temperature must be" }).waitFor();
    await temperature.fill("0.01");
    await playground.area.press("Control+Enter");
    await playground.waitForStatus("tokens/s");
  });

  test("requests no missing file", async () => {
    await playground.page().waitForTimeout(500); // The browser requests an icon after the page.
    expect(playground.missing).toEqual([]);
  });
});
