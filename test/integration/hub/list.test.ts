import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { modelPath } from "codellama-tiny";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listModels, pullModel, removeModel } from "../../../lib/index.ts";
import { useLoopbackHub } from "../../helpers/hub-home.ts";
import { sha256 } from "../../helpers/loopback-hub.ts";

const bytes = readFileSync(modelPath);
const path = basename(modelPath);
const home = useLoopbackHub(() => [
  { repository: "me/tiny-GGUF", path, bytes },
  { repository: "library/none", path: "toy.gguf", bytes },
]);
const uri = "hf:me/tiny-GGUF:Q4_K_M";

const before = process.env.HOME;
beforeEach(() => {
  process.env.HOME = home.home;
});
afterEach(() => {
  process.env.HOME = before;
});

const put = (...folders: string[]) => {
  const folder = join(home.home, ...folders);
  mkdirSync(folder, { recursive: true });
  copyFileSync(modelPath, join(folder, "tiny.Q4_K_M.gguf"));
};

describe("listModels()", () => {
  test("is empty without caches", async () => {
    expect(await listModels()).toEqual([]);
  });

  test("finds the models of all programs, with what they can do and where they fit", async () => {
    await pullModel(uri);
    await pullModel(`ollama:${home.hub.host}/library/toy:7b`);
    put("cache/llama.cpp");
    put(".lmstudio/models/me/tiny");
    const hash = `sha256:${sha256(bytes)}`;
    const layer = { mediaType: "application/vnd.ollama.image.model", size: bytes.length };
    const manifest = join(home.home, "ollama/manifests/registry.ollama.ai/library/tiny");
    mkdirSync(manifest, { recursive: true });
    mkdirSync(join(home.home, "ollama/blobs"));
    writeFileSync(join(manifest, "1b"), JSON.stringify({ layers: [{ ...layer, digest: hash }] }));
    copyFileSync(modelPath, join(home.home, "ollama/blobs", hash.replace(":", "-")));
    const models = await listModels();
    expect(
      new Set(models.map(({ name, store }) => `${store} ${name.replace(home.home, "~")}`)),
    ).toEqual(
      new Set([
        `hugging-face ${uri}`,
        `node-codellama ollama:${home.hub.host}/library/toy:7b`,
        "llama.cpp ~/cache/llama.cpp/tiny.Q4_K_M.gguf",
        "lm-studio ~/.lmstudio/models/me/tiny/tiny.Q4_K_M.gguf",
        "ollama ollama:tiny:1b",
      ]),
    );
    for (const model of models) {
      expect(model).toMatchObject({
        bytes: bytes.length,
        quantisation: "Q4_K_M",
        error: undefined,
      });
      expect(model.capabilities).toMatchObject({ infill: true, chat: true });
      expect(model.fit).not.toBe("no");
    }
  });

  test("says why a file cannot be read", async () => {
    const folder = join(home.home, ".lmstudio/models");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "bad.gguf"), "not a model");
    expect(await listModels()).toMatchObject([{ store: "lm-studio", fit: undefined }]);
    expect((await listModels())[0]?.error).toContain("GGUF");
  });
});

describe("removeModel()", () => {
  test("removes the file, its link and its folders", async () => {
    const pulled = await pullModel(uri);
    const removed = await removeModel(uri);
    expect(removed).toEqual({ paths: [pulled.path], bytes: bytes.length });
    expect(existsSync(pulled.path)).toBe(false);
    expect(readdirSync(join(home.cache, "models--me--tiny-GGUF/blobs"))).toEqual([]);
    expect(await listModels()).toEqual([]);
    await expect(removeModel(uri)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  test("keeps a file that another commit uses", async () => {
    const pulled = await pullModel(uri);
    const other = join(home.cache, "models--me--tiny-GGUF/snapshots", "f".repeat(40));
    mkdirSync(other);
    symlinkSync(join("../../blobs", sha256(bytes)), join(other, path));
    expect(await removeModel(uri)).toEqual({ paths: [pulled.path], bytes: 0 });
    expect(existsSync(join(other, path))).toBe(true);
    expect((await listModels()).map(({ name }) => name)).toEqual([`${uri}@${"f".repeat(40)}`]);
  });

  test("removes an unfinished download", async () => {
    home.hub.faults.bytesPerSecond = 5_000_000;
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error("enough"));
    await expect(pullModel(uri, { signal: abort.signal, onProgress })).rejects.toThrow("enough");
    const { paths } = await removeModel(uri);
    expect(paths.map((each) => basename(each))).toEqual([
      `${sha256(bytes)}.node-codellama-partial`,
    ]);
    expect(readdirSync(join(home.cache, "models--me--tiny-GGUF/blobs"))).toEqual([]);
  });

  test("removes a model of Ollama's registry from its own cache, and a URL's", async () => {
    const ollama = await pullModel(`ollama:${home.hub.host}/library/toy:7b`);
    await removeModel(`ollama:${home.hub.host}/library/toy:7b`);
    expect(existsSync(ollama.path)).toBe(false);
    const address = `http://${home.hub.storeHost}/${sha256(bytes)}`;
    const pulled = await pullModel(address);
    expect((await removeModel(address)).bytes).toBe(bytes.length);
    expect(existsSync(pulled.path)).toBe(false);
  });

  test("does not touch the models of other programs", async () => {
    const manifests = join(home.home, "ollama/manifests/registry.ollama.ai/library/tiny");
    mkdirSync(manifests, { recursive: true });
    writeFileSync(join(manifests, "latest"), "{}");
    await expect(removeModel("ollama:tiny")).rejects.toThrow("remove it with ollama rm");
    await expect(removeModel(modelPath)).rejects.toThrow("is a path");
    expect(existsSync(modelPath)).toBe(true);
  });
});
