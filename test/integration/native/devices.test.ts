import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const load = (options: object) =>
  CodeLlama.load(modelPath, { threads: 1, contextSize: 512, ...options });

test("devices() lists the CPU with its memory", async () => {
  const devices = await CodeLlama.devices();
  const cpu = devices.find(({ kind }) => kind === "cpu");
  expect(cpu).toMatchObject({ name: "CPU", backend: "CPU" });
  expect(cpu?.totalMemoryBytes).toBeGreaterThan(2 ** 28);
  expect(cpu?.freeMemoryBytes).toBeGreaterThan(0);
  expect(cpu?.freeMemoryBytes).toBeLessThanOrEqual(cpu?.totalMemoryBytes ?? 0);
});

describe("placement", () => {
  test("reports that all layers are on the CPU as requested", async () => {
    await using llama = await load({ gpuLayers: 0 });
    expect(llama.placement.devices).toMatchObject([{ name: "CPU", layers: llama.model.layers }]);
    expect(llama.placement.reason).toBeUndefined();
  });

  test.each([[[]], [["CPU"]], [[0, "cpu"]]])(
    "reports the reason with devices %j",
    async (devices) => {
      const cpu = (await CodeLlama.devices()).findIndex(({ kind }) => kind === "cpu");
      const wanted = devices.map((device) => (device === 0 ? cpu : device));
      await using llama = await load({ devices: wanted });
      expect(llama.placement.devices).toMatchObject([{ name: "CPU", layers: llama.model.layers }]);
      expect(llama.placement.reason).toBe("devices names none but the CPU");
      const { text } = await llama.generate("def f(", { maxTokens: 4, temperature: 0 });
      expect(text).not.toBe("");
    },
  );

  test("contains every layer once", async () => {
    await using llama = await load({});
    const layers = llama.placement.devices.reduce((sum, device) => sum + device.layers, 0);
    expect(layers).toBe(llama.model.layers);
  });
});

test.each([["CUDA99"], [9999]])("rejects the missing device %j", async (device) => {
  await expect(load({ devices: [device] })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/devices: no device is named .*CPU/),
  });
});
