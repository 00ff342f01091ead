import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configuredModel, readConfiguration } from "../../../lib/hub/configuration.ts";
import { hubSettings, readToken } from "../../../lib/hub/settings.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

describe("the cache", () => {
  test.each([
    [{ HF_HUB_CACHE: "/a", HF_HOME: "/b", XDG_CACHE_HOME: "/c" }, "/a"],
    [{ HUGGINGFACE_HUB_CACHE: "/o", HF_HOME: "/b" }, "/o"],
    [{ HF_HOME: "/b", XDG_CACHE_HOME: "/c" }, "/b/hub"],
    [{ HF_HUB_CACHE: "", HF_HOME: "~/b" }, join(homedir(), "b/hub")],
    [{ XDG_CACHE_HOME: "/c" }, "/c/huggingface/hub"],
    [{}, join(homedir(), ".cache/huggingface/hub")],
  ])("of %j is %s", (environment, cache) => {
    expect(hubSettings(environment).cache).toBe(cache);
  });
});

describe("the endpoint", () => {
  test.each([
    [undefined, "https://huggingface.co"],
    ["", "https://huggingface.co"],
    ["https://mirror.example/hf/", "https://mirror.example/hf"],
  ])("of %s is %s", (HF_ENDPOINT, endpoint) => {
    expect(hubSettings({ HF_ENDPOINT }).endpoint).toBe(endpoint);
  });

  test.each(["mirror.example", "ftp://a", "https://user:secret@a", "https://a?token=secret"])(
    "%s is refused",
    (HF_ENDPOINT) => {
      expect(() => hubSettings({ HF_ENDPOINT })).toThrow(/^HF_ENDPOINT must be a URL/);
      expect(() => hubSettings({ HF_ENDPOINT })).not.toThrow("secret");
    },
  );
});

test.each(["1", "ON", "yes", "True"])("HF_HUB_OFFLINE=%s is offline", (HF_HUB_OFFLINE) => {
  expect(hubSettings({ HF_HUB_OFFLINE }).isOffline).toBe(true);
  expect(hubSettings({ HF_HUB_OFFLINE: "0" }).isOffline).toBe(false);
});

test.each(["0", "-1", "x", "1e9"])("HF_HUB_DOWNLOAD_TIMEOUT=%s is refused", (timeout) => {
  expect(() => hubSettings({ HF_HUB_DOWNLOAD_TIMEOUT: timeout })).toThrow("between 0 and 86400");
});

describe("the token", () => {
  const home = temporaryFolder();
  writeFileSync(join(home, "token"), "hf_file\n");
  const endpoint = "https://huggingface.co";

  test("is HF_TOKEN, then the file of hf auth login", async () => {
    expect(await readToken(endpoint, { HF_TOKEN: "hf_a", HF_HOME: home })).toBe("hf_a");
    expect(await readToken(endpoint, { HF_HOME: home })).toBe("hf_file");
    expect(await readToken(endpoint, { HF_TOKEN_PATH: join(home, "token") })).toBe("hf_file");
    const implicit = { HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" };
    expect(await readToken(endpoint, implicit)).toBeUndefined();
  });

  test("never goes to an endpoint without encryption, except on this machine", async () => {
    const environment = { HF_TOKEN: "hf_a" };
    expect(await readToken("http://mirror.example", environment)).toBeUndefined();
    expect(await readToken("http://127.0.0.1:1", environment)).toBe("hf_a");
  });
});

describe("the configuration file", () => {
  const folder = temporaryFolder();
  const environment = { XDG_CONFIG_HOME: folder };
  const write = (text: string) => {
    mkdirSync(join(folder, "node-codellama"), { recursive: true });
    writeFileSync(join(folder, "node-codellama/config.json"), text);
  };

  test("need not exist", () => {
    expect(readConfiguration(environment)).toEqual({ model: undefined, models: {} });
  });

  test("gives the default model, unless CODELLAMA_MODEL does", () => {
    write('{ "model": "codellama:7b" }');
    expect(configuredModel(environment)).toBe("codellama:7b");
    expect(configuredModel({ ...environment, CODELLAMA_MODEL: "a.gguf" })).toBe("a.gguf");
  });

  test.each([
    ["[]", "must contain one JSON object"],
    ["{", "must contain one JSON object"],
    ['{ "model": 1 }', "model must be a non-empty string"],
    ['{ "modell": "x" }', 'unknown field "modell"'],
    ['{ "models": 1 }', "models must be an object"],
    ['{ "models": { "a": "b" } }', "must begin with codellama:"],
    ['{ "models": { "codellama:a": "codellama:b" } }', "must be a path or a URI"],
  ])("%s is refused", (text, message) => {
    write(text);
    expect(() => readConfiguration(environment)).toThrow(message);
  });
});
