import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type HubContent, LoopbackHub } from "./loopback-hub.ts";
import { Random } from "./random.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const variables = [
  "HF_ENDPOINT",
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_HUB_OFFLINE",
  "HF_TOKEN",
  "HF_HUB_DOWNLOAD_TIMEOUT",
  "HUGGINGFACE_HUB_CACHE",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "OLLAMA_MODELS",
  "CODELLAMA_MODEL",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
] as const;

/**
 * Starts a hub for each test, and points the environment to it and to empty caches.
 * @param contents - files of the hub
 */
export function useLoopbackHub(contents: () => readonly HubContent[]) {
  const root = temporaryFolder();
  const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
  let count = 0;
  let home = root;
  let hub: LoopbackHub | undefined;
  beforeAll(() => {
    for (const name of variables) delete process.env[name];
  });
  beforeEach(async () => {
    hub = await LoopbackHub.start(contents());
    home = join(root, `${count++}`);
    process.env.HF_ENDPOINT = hub.endpoint;
    process.env.HF_HOME = join(home, "hf");
    process.env.XDG_CACHE_HOME = join(home, "cache");
    process.env.XDG_CONFIG_HOME = join(home, "config");
    process.env.OLLAMA_MODELS = join(home, "ollama");
  });
  afterEach(async () => {
    await hub?.close();
    for (const name of variables) delete process.env[name];
  });
  afterAll(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value !== undefined) process.env[name] = value;
    }
  });
  return {
    get hub(): LoopbackHub {
      if (hub === undefined) throw new Error("the hub has not started yet");
      return hub;
    },
    /** Folder of the test, with all caches. */
    get home(): string {
      return home;
    },
    get cache(): string {
      return join(home, "hf/hub");
    },
  };
}

/** Bytes without a pattern, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.below(256));
}
