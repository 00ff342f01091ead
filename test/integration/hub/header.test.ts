import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import { inspectModel, pullModel } from "../../../lib/index.ts";
import { headerLength } from "../../../lib/model/header-length.ts";
import { noise, useLoopbackHub } from "../../helpers/hub-home.ts";

const bytes = readFileSync(modelPath);
const noModel = noise(5_000_000);
const cut = bytes.subarray(0, 300_000);
const home = useLoopbackHub(() => [
  { repository: "me/tiny-GGUF", path: basename(modelPath), bytes },
  { repository: "me/none-GGUF", path: "none.gguf", bytes: noModel },
  { repository: "me/cut-GGUF", path: "cut.gguf", bytes: cut },
]);
const uri = "hf:me/tiny-GGUF:Q4_K_M";

describe("inspectModel() of a URI", () => {
  test("reads only the header, and gives the facts of the whole file", async () => {
    const { path, ...facts } = await inspectModel(uri);
    const { path: _, ...expected } = await inspectModel(modelPath);
    expect(path).toBe(uri);
    expect(facts).toEqual(expected);
    expect(home.hub.sentBytes).toBeLessThan(bytes.length / 4);
  });

  test("reads a model of the cache without a request", async () => {
    await pullModel(uri);
    home.hub.requests.length = 0;
    expect((await inspectModel(uri)).architecture).toBe("llama");
    expect(home.hub.requests).toEqual([]);
  });

  test("reads the header again after a cut, and from a server without ranges", async () => {
    home.hub.faults.cuts = [100_000];
    home.hub.faults.ignoresRanges = true;
    expect((await inspectModel(uri)).architecture).toBe("llama");
  });

  test.each([
    ["hf:me/none-GGUF", "none.gguf is not a GGUF file: the file does not begin with GGUF"],
    ["hf:me/cut-GGUF", "cut.gguf is not a GGUF file: its header does not end"],
  ])("%s is refused", async (name, message) => {
    await expect(inspectModel(name)).rejects.toMatchObject({ code: "MODEL_INVALID" });
    await expect(inspectModel(name)).rejects.toThrow(message);
  });
});

test("headerLength() needs every byte of the header and no byte more", () => {
  const length = headerLength(bytes.subarray(0, 2 ** 21)) ?? 0;
  expect(headerLength(bytes.subarray(0, length))).toBe(length);
  expect(headerLength(bytes.subarray(0, length - 1))).toBeUndefined();
  expect(headerLength(Buffer.alloc(0))).toBeUndefined();
});
