import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fetchModel } from "../../../lib/hub/fetch-model.ts";
import type { DownloadProgress } from "../../../lib/options/pull.ts";
import { noise, useLoopbackHub } from "../../helpers/hub-home.ts";
import { sha256 } from "../../helpers/loopback-hub.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";

const repository = "org/repo-GGUF";
const model = noise(3_000_000);
const changed = noise(model.length, 99);
const small = noise(200_000, 2);
const parts = [1, 2, 3].map((number) => noise(100_000, 10 + number));
const file = (path: string, bytes: Uint8Array, isLfs = true) => ({
  repository,
  path,
  bytes,
  isLfs,
});

const home = useLoopbackHub(() => [
  file("repo.Q4_K_M.gguf", model),
  file("repo.Q8_0.gguf", small),
  file("sub/plain.gguf", noise(5000, 3), false),
  ...parts.map((bytes, index) => file(`split.Q6_K-0000${index + 1}-of-00003.gguf`, bytes)),
  { repository: "org/one-GGUF", path: "one.gguf", bytes: small },
  { repository: "org/many-GGUF", path: "many.Q2_K.gguf", bytes: small },
  { repository: "org/many-GGUF", path: "many.Q3_K_S.gguf", bytes: small },
  { repository: "library/none", path: "toy.gguf", bytes: small },
]);

const fetchIt = (uri: string, options: Parameters<typeof fetchModel>[2] = {}) =>
  fetchModel(uri, "test()", options);
const failure = (uri: string, options: Parameters<typeof fetchModel>[2] = {}) =>
  fetchIt(uri, options).then(
    ({ path }) => expect.fail(`fetched ${path}`),
    (error) => error as Error & { code: string; status?: number },
  );
const standard = `hf:${repository}`;

/** All files below the caches of the test, without links. */
function allFiles(): string[] {
  return readdirSync(home.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

describe("a model of Hugging Face", () => {
  test("lands in Hugging Face's cache layout", async () => {
    const { path, bytes } = await fetchIt(standard);
    const folder = join(home.cache, "models--org--repo-GGUF");
    expect(path).toBe(join(folder, "snapshots", home.hub.commit, "repo.Q4_K_M.gguf"));
    expect(bytes).toBe(model.length);
    expect(await readlink(path)).toBe(join("../../blobs", sha256(model)));
    expect(sha256(readFileSync(path))).toBe(sha256(model));
    expect(readFileSync(join(folder, "refs/main"), "utf8")).toBe(home.hub.commit);
    expect(readdirSync(join(folder, "blobs"))).toEqual([sha256(model)]);
  });

  test.each([
    [":Q8_0", "repo.Q8_0.gguf"],
    [":q8_0@main", "repo.Q8_0.gguf"],
    ["/sub/plain.gguf", "sub/plain.gguf"],
    ["/repo.Q8_0.gguf@0123456789abcdef0123456789abcdef01234567", "repo.Q8_0.gguf"],
  ])("%s names a file", async (suffix, name) => {
    const { path } = await fetchIt(standard + suffix);
    expect(path.endsWith(`${home.hub.commit}/${name}`)).toBe(true);
  });

  test("with one file needs no quantisation", async () => {
    expect((await fetchIt("hf:org/one-GGUF")).bytes).toBe(small.length);
  });

  test("in the cache costs no request", async () => {
    await fetchIt(standard);
    home.hub.requests.length = 0;
    await fetchIt(standard);
    await fetchIt(`${standard}:Q4_K_M`);
    expect(home.hub.requests).toEqual([]);
  });

  test("in the cache is checked for a newer commit if asked, and not fetched again", async () => {
    await fetchIt(standard);
    const before = home.hub.transfers.length;
    await fetchIt(standard, { isFresh: true });
    expect(home.hub.transfers.length).toBe(before);
    expect(home.hub.requests.at(-1)?.path).toContain("/api/models/");
  });

  test("that Python has fetched is used", async () => {
    const folder = join(home.cache, "models--org--other", "snapshots", home.hub.commit);
    mkdirSync(join(home.cache, "models--org--other/refs"), { recursive: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(home.cache, "models--org--other/refs/main"), home.hub.commit);
    writeFileSync(join(folder, "other.Q4_K_M.gguf"), "x");
    const { path } = await fetchIt("hf:org/other");
    expect(path).toBe(join(folder, "other.Q4_K_M.gguf"));
    expect(home.hub.requests).toEqual([]);
  });

  test("that is split is one model", async () => {
    const seen: DownloadProgress[] = [];
    const { path, bytes } = await fetchIt(`${standard}:Q6_K`, { onProgress: (p) => seen.push(p) });
    expect(bytes).toBe(300_000);
    expect(path.endsWith("split.Q6_K-00001-of-00003.gguf")).toBe(true);
    for (const [index, part] of parts.entries()) {
      const name = path.replace("00001-of", `0000${index + 1}-of`);
      expect(sha256(readFileSync(name))).toBe(sha256(part));
    }
    expect(seen.at(-1)).toMatchObject({ bytes: 300_000, total: 300_000 });
  });

  test("reports its progress", async () => {
    const seen: DownloadProgress[] = [];
    await fetchIt(standard, { onProgress: (progress) => seen.push(progress) });
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(["download", "verify"]));
    expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([model.length]));
    expect(seen.at(-1)?.bytes).toBe(model.length);
  });

  test("is refused offline unless it is in the cache", async () => {
    process.env.HF_HUB_OFFLINE = "1";
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect(error.message).toContain("HF_HUB_OFFLINE");
    delete process.env.HF_HUB_OFFLINE;
    await fetchIt(`${standard}:Q8_0`);
    process.env.HF_HUB_OFFLINE = "1";
    expect((await fetchIt(standard)).bytes).toBe(small.length);
  });
});

describe("a broken transfer", () => {
  test("continues where it broke: at most 1 % of the bytes are sent twice", async () => {
    const random = new Random(seedOfRun());
    home.hub.faults.cuts = Array.from({ length: 20 }, () => random.below(model.length));
    const { path } = await fetchIt(standard);
    expect(home.hub.faults.cuts).toEqual([]);
    expect(sha256(readFileSync(path))).toBe(sha256(model));
    expect(home.hub.sentBytes - model.length, `seed ${random.seed}`).toBeLessThanOrEqual(
      model.length / 100,
    );
  });

  test("continues after an abort, in a later call", async () => {
    home.hub.faults.bytesPerSecond = 5_000_000;
    const abort = new AbortController();
    const onProgress = ({ bytes }: DownloadProgress) => {
      if (bytes > model.length / 2) abort.abort(new Error("enough"));
    };
    const error = await failure(standard, { onProgress, signal: abort.signal });
    expect(error.message).toBe("enough");
    expect(allFiles().some((name) => name.endsWith(".node-codellama-partial"))).toBe(true);
    home.hub.faults.bytesPerSecond = undefined;
    const first: number[] = [];
    await fetchIt(standard, { onProgress: ({ bytes }) => first.push(bytes) });
    expect(first[0]).toBeGreaterThan(model.length / 2);
    expect(home.hub.transfers.at(-1)?.headers["if-range"]).toBeDefined();
    expect(allFiles().filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("starts again if the partial file is shorter than its journal says", async () => {
    home.hub.faults.bytesPerSecond = 5_000_000;
    const abort = new AbortController();
    const onProgress = ({ bytes }: DownloadProgress) => {
      if (bytes > model.length / 2) abort.abort(new Error("enough"));
    };
    await failure(standard, { onProgress, signal: abort.signal });
    home.hub.faults.bytesPerSecond = undefined;
    const blobs = join(home.cache, "models--org--repo-GGUF/blobs");
    const partial = readdirSync(blobs).find((name) => name.endsWith("partial")) ?? "";
    writeFileSync(join(blobs, partial), "cut");
    const { path } = await fetchIt(standard);
    expect(sha256(readFileSync(path))).toBe(sha256(model));
  });

  test("is repeated after 429 and 503, with the pause that the server asks for", async () => {
    home.hub.faults.hubStatuses = [{ status: 429, headers: { "retry-after": "0" } }];
    home.hub.faults.storeStatuses = [{ status: 503 }, { status: 500 }];
    expect((await fetchIt(standard)).bytes).toBe(model.length);
  });

  test("fails with the pause that the server asks for if that is long", async () => {
    home.hub.faults.hubStatuses = [{ status: 429, headers: { "retry-after": "3600" } }];
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED", status: 429 });
    expect(error.message).toContain("wait 3600 s");
  });

  test("fails after five attempts without a byte", async () => {
    home.hub.faults.storeStatuses = Array.from({ length: 10 }, () => ({
      status: 502,
      headers: { "retry-after": "0" },
    }));
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED", status: 502 });
    expect(home.hub.transfers.length).toBe(5);
  });

  test("fails if the server stays silent", async () => {
    process.env.HF_HUB_DOWNLOAD_TIMEOUT = "0.1";
    home.hub.faults.silentAt = 500_000;
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(error.message).toContain("no data for 0.1 seconds");
  });
});

describe("a damaged or changed file", () => {
  test("with a flipped byte is removed and never used", async () => {
    home.hub.faults.flippedByte = 1_234_567;
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(error.message).toContain(sha256(model));
    expect(allFiles().filter((name) => name.startsWith(sha256(model)))).toEqual([]);
    home.hub.faults.flippedByte = undefined;
    expect((await fetchIt(standard)).bytes).toBe(model.length);
  });

  test("that is not in LFS is checked by git's hash", async () => {
    home.hub.faults.flippedByte = 7;
    expect((await failure(`${standard}/sub/plain.gguf`)).message).toContain("git hash");
  });

  test("that changed since an abort is fetched from the beginning", async () => {
    home.hub.faults.bytesPerSecond = 5_000_000;
    const abort = new AbortController();
    const onProgress = ({ bytes }: DownloadProgress) => {
      if (bytes > model.length / 2) abort.abort();
    };
    await failure(standard, { onProgress, signal: abort.signal });
    home.hub.faults.bytesPerSecond = undefined;
    home.hub.contents = [file("repo.Q4_K_M.gguf", changed)];
    const { path } = await fetchIt(standard);
    expect(sha256(readFileSync(path))).toBe(sha256(changed));
  });

  test("whose content is not the listed one is refused", async () => {
    home.hub.faults.redirectTo = `http://${home.hub.storeHost}/${sha256(small)}`;
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(error.message).toContain("not the file that the hub lists");
  });

  test("is refused if the store rejects every range (416)", async () => {
    home.hub.faults.storeStatuses = [{ status: 416 }, { status: 416 }];
    expect((await failure(standard)).message).toContain("changes while it is downloaded");
  });

  test("from a server without ranges is whole after a cut", async () => {
    home.hub.faults.ignoresRanges = true;
    home.hub.faults.cuts = [1_000_000];
    const { path } = await fetchIt(standard);
    expect(sha256(readFileSync(path))).toBe(sha256(model));
  });
});

test("a model that the disk has no room for is refused before its transfer", async () => {
  home.hub.faults.listedBytes = 2 ** 52;
  const error = await failure(standard);
  expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
  expect(error.message).toMatch(/needs 4503599\.63 GB in .*, but only .* are free/);
  expect(home.hub.transfers).toEqual([]);
});

describe("access", () => {
  test("to a gated model without a token says where to accept the licence", async () => {
    home.hub.faults.gate = "hf_secret";
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED", status: 401 });
    expect(error.message).toContain(`accept its licence at ${home.hub.endpoint}/${repository}`);
    expect(error.message).toContain("HF_TOKEN");
  });

  test("with a token of another account says so and does not show the token", async () => {
    home.hub.faults.gate = "hf_secret";
    process.env.HF_TOKEN = "hf_other_token";
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED", status: 403 });
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain("hf_other_token");
  });

  test("sends the token to the hub, and never to the host of a redirect", async () => {
    home.hub.faults.gate = "hf_secret";
    mkdirSync(process.env.HF_HOME ?? "", { recursive: true });
    writeFileSync(join(process.env.HF_HOME ?? "", "token"), "hf_secret\n");
    await fetchIt(standard);
    const authorizations = (host: string) =>
      new Set(
        home.hub.requests
          .filter((request) => request.host === host)
          .map(({ headers }) => headers.authorization),
      );
    expect(authorizations("hub")).toEqual(new Set(["Bearer hf_secret"]));
    expect(authorizations("store")).toEqual(new Set([undefined]));
  });

  test("refuses a token with a line break and does not show it", async () => {
    process.env.HF_TOKEN = "hf_a\nb";
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error.message).not.toContain("hf_a");
  });

  test("that ends in endless redirects fails", async () => {
    home.hub.faults.redirectsForever = true;
    expect((await failure(standard)).message).toContain("redirects more than 10 times");
    expect(home.hub.requests.length).toBe(11);
  });

  test.each(["http://example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])(
    "does not follow a redirect to %s",
    async (address) => {
      home.hub.faults.redirectTo = address;
      expect((await failure(standard)).message).toContain("not an https:// address");
    },
  );

  test("to a hub that cannot be reached names its host", async () => {
    process.env.HF_ENDPOINT = "http://127.0.0.1:9";
    const error = await failure(standard);
    expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(error.message).toContain("127.0.0.1:9 cannot be reached");
  });

  test("to a server that is not a hub fails", async () => {
    process.env.HF_ENDPOINT = `${home.hub.endpoint}/v2/library/toy/manifests`;
    expect((await failure(standard)).message).toContain("check HF_ENDPOINT");
  });
});

describe("a name that does not exist", () => {
  test.each([
    [`${standard}:Q5_K_M`, 'no quantisation "Q5_K_M"; it has Q4_K_M, Q6_K, Q8_0'],
    [`${standard}/repo.Q4_K_S.gguf`, 'did you mean "repo.Q4_K_M.gguf"?'],
    ["hf:org/many-GGUF", "several models; choose one of Q2_K, Q3_K_S"],
    [`${standard}@v9`, 'no revision "v9"'],
    ["hf:TheBloke/CodeLlama-7B-Instruct", 'did you mean "hf:TheBloke/CodeLlama-7B-Instruct-GGUF"?'],
    ["ollama:nothing:7b", "no model nothing:7b"],
  ])("%s", async (uri, message) => {
    const name = uri.replace("ollama:", `ollama:${home.hub.host}/library/`);
    const error = await failure(name);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect(error.message).toContain(message);
  });
});

describe("safety", () => {
  test("ignores listed names that lead out of the cache", async () => {
    const names = ["../../evil.Q5_K_M.gguf", "/tmp/evil.Q5_K_M.gguf", "a\\..\\evil.Q5_K_M.gguf"];
    home.hub.faults.extraNames = [...names, "a/../../evil.Q5_K_M.gguf", "C:evil.Q5_K_M.gguf"];
    expect((await failure(`${standard}:Q5_K_M`)).message).toContain("no quantisation");
  });

  test("does not write through a link that leads out of the cache", async () => {
    const outside = join(home.home, "outside");
    mkdirSync(outside, { recursive: true });
    const snapshots = join(home.cache, "models--org--repo-GGUF/snapshots");
    mkdirSync(snapshots, { recursive: true });
    symlinkSync(outside, join(snapshots, home.hub.commit));
    expect((await failure(`${standard}:Q8_0`)).message).toContain("a link out of the cache");
    expect(readdirSync(outside)).toEqual([]);
  });

  test("does not write through a link in the place of the partial file", async () => {
    const blobs = join(home.cache, "models--org--repo-GGUF/blobs");
    const victim = join(home.home, "victim");
    mkdirSync(blobs, { recursive: true });
    writeFileSync(victim, "precious");
    symlinkSync(victim, join(blobs, `${sha256(small)}.node-codellama-partial`));
    expect(await failure(`${standard}:Q8_0`)).toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });
});

describe("two calls at the same time", () => {
  test("fetch a file once", async () => {
    home.hub.faults.bytesPerSecond = 10_000_000;
    const seen: string[] = [];
    const [first, second] = await Promise.all([
      fetchIt(standard),
      fetchIt(standard, { onProgress: ({ phase }) => seen.push(phase) }),
    ]);
    expect(first.path).toBe(second.path);
    expect(home.hub.transfers.length).toBe(1);
    expect(readdirSync(join(home.cache, ".locks/models--org--repo-GGUF"))).toEqual([]);
  });
});
