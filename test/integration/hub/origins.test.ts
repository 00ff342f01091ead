import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fetchModel } from "../../../lib/hub/fetch-model.ts";
import { noise, useLoopbackHub } from "../../helpers/hub-home.ts";
import { sha256 } from "../../helpers/loopback-hub.ts";

const model = noise(300_000);
const small = noise(200_000, 2);
const standard = "hf:org/repo-GGUF";
const home = useLoopbackHub(() => [
  { repository: "org/repo-GGUF", path: "repo.Q8_0.gguf", bytes: small },
  { repository: "library/none", path: "toy.gguf", bytes: small },
]);

const fetchIt = (uri: string) => fetchModel(uri, "test()");
const failure = (uri: string) =>
  fetchIt(uri).then(
    ({ path }) => expect.fail(`fetched ${path}`),
    (error) => error as Error,
  );

describe("a URL", () => {
  const address = () => `http://${home.hub.storeHost}/${sha256(small)}`;

  test("lands in this package's own cache and is fetched once", async () => {
    const { path } = await fetchIt(address());
    expect(sha256(readFileSync(path))).toBe(sha256(small));
    expect(path.startsWith(join(home.home, "cache/node-codellama/urls"))).toBe(true);
    home.hub.requests.length = 0;
    expect((await fetchIt(address())).path).toBe(path);
    expect(home.hub.requests).toEqual([]);
  });

  test("with a hash is checked", async () => {
    const right = await fetchIt(`${address()}#sha256=${sha256(small)}`);
    expect(statSync(right.path).size).toBe(small.length);
    const error = await failure(`${address()}#sha256=${sha256(model)}`);
    expect(error.message).toContain("arrived damaged");
  });

  test("that does not exist is MODEL_NOT_FOUND and hides its query", async () => {
    const error = await failure(`http://${home.hub.storeHost}/none.gguf?key=secret`);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect(error.message).not.toContain("secret");
  });

  test("never gets the token of Hugging Face", async () => {
    process.env.HF_TOKEN = "hf_secret";
    await fetchIt(address());
    expect(home.hub.requests.map(({ headers }) => headers.authorization)).not.toContain(
      "Bearer hf_secret",
    );
  });
});

describe("a model of Ollama", () => {
  test("comes from the registry, and later from the cache", async () => {
    const uri = `ollama:${home.hub.host}/library/toy:7b`;
    const { path } = await fetchIt(uri);
    expect(sha256(readFileSync(path))).toBe(sha256(small));
    home.hub.requests.length = 0;
    expect((await fetchIt(uri)).path).toBe(path);
    expect(home.hub.requests).toEqual([]);
  });

  test("that Ollama has on this machine is used", async () => {
    const folder = process.env.OLLAMA_MODELS ?? "";
    const manifests = join(folder, "manifests/registry.ollama.ai/library/toy");
    mkdirSync(manifests, { recursive: true });
    mkdirSync(join(folder, "blobs"));
    const layer = { mediaType: "application/vnd.ollama.image.model", size: small.length };
    const layers = [{ ...layer, digest: `sha256:${sha256(small)}` }];
    writeFileSync(join(manifests, "latest"), JSON.stringify({ layers }));
    writeFileSync(join(folder, "blobs", `sha256-${sha256(small)}`), small);
    expect((await fetchIt("ollama:toy")).path.startsWith(folder)).toBe(true);
    expect(existsSync(join(home.home, "cache"))).toBe(false);
  });
});

describe("a name of the catalogue", () => {
  test("that is misspelt is corrected", async () => {
    expect((await failure("codellama:7b-instuct")).message).toContain(
      'did you mean "codellama:7b-instruct"?',
    );
  });

  test("is refused if the hub has another file than the catalogue knows", async () => {
    home.hub.contents = [
      { repository: "TheBloke/CodeLlama-7B-GGUF", path: "codellama-7b.Q4_K_M.gguf", bytes: small },
    ];
    const error = await failure("codellama:7b");
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(error.message).toContain("another codellama-7b.Q4_K_M.gguf than the catalogue");
    expect(home.hub.transfers).toEqual([]);
  });

  test("takes the hub's hash where the catalogue knows none", async () => {
    home.hub.contents = [
      { repository: "TheBloke/CodeLlama-34B-GGUF", path: "m.Q4_K_M.gguf", bytes: small },
    ];
    expect((await fetchIt("codellama:34b")).bytes).toBe(small.length);
  });

  test("can be given another URI in the configuration file", async () => {
    const folder = join(process.env.XDG_CONFIG_HOME ?? "", "node-codellama");
    mkdirSync(folder, { recursive: true });
    const models = { "codellama:7b-instruct": `${standard}:Q8_0` };
    writeFileSync(join(folder, "config.json"), JSON.stringify({ models }));
    expect((await fetchIt("codellama:7b-instruct")).bytes).toBe(small.length);
  });
});
