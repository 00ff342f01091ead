import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser } from "../helpers/browser.ts";
import { useTinyServer } from "../helpers/server.ts";

const executablePath = findBrowser();

describe.skipIf(executablePath === undefined)("the playground (needs chromium)", () => {
  const shared = useTinyServer({ playground: true });
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ["--no-sandbox"],
    });
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

  /** For whoever wants to look: PLAYGROUND_SCREENSHOTS names a folder. */
  async function screenshot(name: string) {
    const folder = process.env.PLAYGROUND_SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
  }

  test("tells what the model is and can do", async () => {
    const line = await page.locator("#model", { hasText: "codellama-tiny" }).textContent();
    expect(line).toContain("completion, infill, chat");
    expect(line).toContain("2048 tokens");
  });

  test("completes, and tells how fast", async () => {
    await page.getByLabel("Text to continue").press("Control+Enter");
    await page.locator("#status", { hasText: "50 tokens" }).waitFor();
    const text = await page.getByLabel("Text to continue").inputValue();
    expect(text).toContain("a, b = b, a + b\n    return a\n");
    expect(await page.locator("#status").textContent()).toMatch(
      /\d+ a second; the first after \d+ ms/,
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
    await page.locator("#status", { hasText: "a second" }).waitFor();
    await expect.poll(() => area.inputValue()).toContain("return a + b\n\nprint(add(1, 2))");
    await screenshot("infill");
  });

  test("chats, stops, and begins anew", async () => {
    await page.getByRole("tab", { name: "Infill" }).press("ArrowRight");
    const area = page.getByLabel("Message");
    await area.fill("Write a Python function that computes the factorial of a number.");
    await area.press("Control+Enter");
    await page.locator("#dialog .assistant", { hasText: "factorial" }).waitFor();
    await page.getByRole("button", { name: "Run" }).and(page.locator(":enabled")).waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot("chat-dark");
    await area.fill("Tell me a very long story.");
    await area.press("Control+Enter");
    await page.locator("#dialog .assistant").nth(1).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator("#status", { hasText: "stopped" }).waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    expect(await page.locator("#dialog li").count()).toBe(0);
  });

  test("shows what the server refuses", async () => {
    await page.getByLabel("Temperature").fill("1000");
    await page.getByLabel("Message").fill("Hello");
    await page.getByLabel("Message").press("Control+Enter");
    await page.locator("#status.error", { hasText: "temperature" }).waitFor();
    failures.length = 0; // The browser tells of the 400 itself.
  });
});
