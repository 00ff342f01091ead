import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fetchFile } from "../../../lib/hub/fetch-file.ts";
import { ProgressCounter } from "../../../lib/hub/progress.ts";
import type { HubContext } from "../../../lib/hub/repository.ts";
import { hubSettings } from "../../../lib/hub/settings.ts";
import { noise, useLoopbackHub } from "../../helpers/hub-home.ts";
import { sha256 } from "../../helpers/loopback-hub.ts";

const content = noise(4_000_000);
const home = useLoopbackHub(() => [{ repository: "org/repo", path: "a.gguf", bytes: content }]);
const parallelism = { mostConnections: 4, windowMs: 100, smallestShare: 100_000 };

async function fetchContent(signal = new AbortController().signal): Promise<string> {
  const hash = sha256(content);
  const target = join(home.home, hash);
  const context: HubContext = { settings: hubSettings(), token: undefined, signal, where: "test" };
  const file = {
    name: "a.gguf",
    url: new URL(`${home.hub.endpoint}/org/repo/resolve/main/a.gguf`),
    bytes: content.length,
    checksum: { algorithm: "sha256", hex: hash },
    tag: hash,
    target,
    lock: `${target}.lock`,
    refusal: (status: number) => new Error(`HTTP ${status}`),
  } as const;
  const progress = new ProgressCounter(undefined, content.length);
  await fetchFile(file, context, progress, parallelism);
  return sha256(readFileSync(target));
}

test("several connections fetch a file from a server that limits each connection", async () => {
  home.hub.faults.bytesPerSecond = 2_000_000;
  expect(await fetchContent()).toBe(sha256(content));
  expect(home.hub.mostConnections).toBeGreaterThan(1);
});

test("a second connection does not stay where it makes nothing faster", async () => {
  home.hub.faults.bytesPerSecond = 2_000_000;
  home.hub.faults.isSlowerTogether = true;
  expect(await fetchContent()).toBe(sha256(content));
  expect(home.hub.mostConnections).toBe(2);
});

test("several connections continue where they broke, also after an abort", async () => {
  home.hub.faults.bytesPerSecond = 1_000_000;
  home.hub.faults.cuts = [300_000, 900_000, 1_500_000, 2_500_000, 3_500_000];
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 700);
  await expect(fetchContent(abort.signal)).rejects.toThrow("enough");
  expect(await fetchContent()).toBe(sha256(content));
});
