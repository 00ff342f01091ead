import { readFile } from "node:fs/promises";
import type { Hono } from "hono";
import { packageFile } from "../../native/package-file.ts";
import type { ServerEnvironment } from "../service/environment.ts";

const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/playground.js": ["playground.js", "text/javascript; charset=utf-8"],
  "/playground.css": ["playground.css", "text/css; charset=utf-8"],
} as const;

/** Adds the playground, a page to try the model out. The page loads nothing from other servers. */
export function addPlaygroundRoutes(app: Hono<ServerEnvironment>): void {
  for (const [path, [name, type]] of Object.entries(files)) {
    app.get(path, async () => {
      const text = await readFile(packageFile("dist", "playground", name));
      return new Response(new Uint8Array(text), {
        headers: {
          "content-type": type,
          "cache-control": "no-cache",
          "content-security-policy":
            "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
          "x-content-type-options": "nosniff",
        },
      });
    });
  }
}
