import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type Handler, listen, type RunningServer } from "../../lib/server/index.ts";
import { useTinyServer } from "./server.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of an installed Chromium. Undefined if there is none. */
export function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Starts a headless browser. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ["--no-sandbox"],
  });
}

/** Holds back the pieces of streamed answers, so that a test can act between two pieces. */
class Pace {
  #allowed = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  hold(): void {
    this.#allowed = 0;
  }

  pass(count: number): void {
    this.#allowed += count;
    for (const go of this.#waiting.splice(0)) go();
  }

  release(): void {
    this.pass(Number.POSITIVE_INFINITY);
  }

  async #turn(): Promise<void> {
    while (this.#allowed === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#allowed--;
  }

  handler(handler: Handler): Handler {
    const paced = async (request: Request) => {
      const response = await handler(request);
      if (request.method !== "POST" || response.body === null) return response;
      const body = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: async (piece, controller) => {
            await this.#turn();
            controller.enqueue(piece);
          },
        }),
      );
      return new Response(body, response);
    };
    return Object.assign(paced, { drain: handler.drain });
  }
}

/** The playground in a fresh page for each test. */
export class Playground {
  readonly pace = new Pace();
  /** Errors of the page and the browser's console. A test that provokes an error clears the list. */
  readonly failures: string[] = [];
  /** Paths that the server answered with 404. */
  readonly missing: string[] = [];

  constructor(readonly page: () => Page) {}

  get area(): Locator {
    return this.page().getByLabel("Text to continue");
  }

  get run(): Locator {
    return this.page().getByRole("button", { name: "Run" });
  }

  get stop(): Locator {
    return this.page().getByRole("button", { name: "Stop" });
  }

  get status(): Locator {
    return this.page().locator("#status");
  }

  /** Waits until the status line contains a text. */
  async waitForStatus(hasText: string): Promise<void> {
    await this.status.filter({ hasText }).waitFor();
  }

  /** Waits until no answer is running and Run is enabled. */
  async waitForEnd(): Promise<void> {
    await this.run.and(this.page().locator("[aria-disabled=false]")).waitFor();
  }

  /** Starts an answer and lets its pieces through until the condition holds. */
  async startUntil(area: Locator, condition: () => Promise<boolean>): Promise<void> {
    this.pace.hold();
    await area.press("Control+Enter");
    await this.continueUntil(condition);
  }

  /** Lets the pieces of the running answer through until the condition holds. */
  async continueUntil(condition: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 500; attempt++) {
      if (await condition()) return;
      this.pace.pass(1);
      await this.page().waitForTimeout(10);
    }
    throw new Error("the condition never held");
  }
}

/** Starts a server and a browser for the tests of a file, and opens a page before each test. */
export function usePlayground(): Playground {
  const shared = useTinyServer({ playground: true });
  let running: RunningServer | undefined;
  let browser: Browser | undefined;
  let page: Page | undefined;
  const playground = new Playground(() => {
    if (page === undefined) throw new Error("the page is not open yet");
    return page;
  });
  const { pace, failures, missing } = playground;

  beforeAll(async () => {
    const paced = pace.handler(shared.server.handler);
    const recordingMissing = async (request: Request) => {
      const response = await paced(request);
      if (response.status === 404) missing.push(new URL(request.url).pathname);
      return response;
    };
    running = await listen(Object.assign(recordingMissing, { drain: paced.drain }), { port: 0 });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    pace.release();
    await browser?.close();
    await running?.close(0);
  });

  beforeEach(async () => {
    failures.length = 0;
    page = await browser?.newPage({ viewport: { width: 960, height: 800 } });
    page?.setDefaultTimeout(10_000);
    page?.on("pageerror", (error) => failures.push(error.message));
    page?.on("console", (message) => {
      if (message.type() === "error") failures.push(message.text());
    });
    await page?.goto(running?.url ?? "");
    await page?.locator("#model", { hasText: "codellama-tiny" }).waitFor();
    await page?.getByLabel("Temperature").fill("0");
  });

  afterEach(async () => {
    pace.release();
    await page?.close();
    expect(failures).toEqual([]);
  });

  return playground;
}
