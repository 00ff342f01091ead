import type { NativeDeviceOptions } from "../native/binding.ts";
import { anything, checkValue, either, integer, listOf, oneOf, type Rule, text } from "./check.ts";

/** Where a model's layers are computed, and how several GPUs share them. */
export interface DeviceOptions {
  /**
   * Layers computed on GPUs, from the last one back. Default `"auto"`: as many as fit into the free
   * memory of the devices beside the context (which shrinks down to 4,096 tokens first, unless
   * `contextSize` is given), with 1 GiB left free on each; none, where there is no GPU. A number
   * that does not fit rejects with `OUT_OF_MEMORY`. Range 0 to 10000; 0 keeps off the GPU.
   */
  readonly gpuLayers?: number | "auto";
  /**
   * How GPUs share the model: `"layer"` gives each some of the layers, `"row"` and `"tensor"` split
   * each matrix or all tensors, so that they compute together (not fitted to their memory: `"tensor"`
   * takes all layers), `"none"` uses `mainGpu` alone. Default `"layer"`.
   */
  readonly splitMode?: "none" | "layer" | "row" | "tensor";
  /** The parts that the devices get, in their order, such as `[3, 1]`. Default: by free memory. */
  readonly tensorSplit?: readonly number[];
  /** The device of `splitMode: "none"`, by its place among those used. Default 0; range 0 to 15. */
  readonly mainGpu?: number;
  /**
   * Devices to use, by name or place in `CodeLlama.devices()`; `[]` is the CPU alone, which is always
   * used for what is not on a GPU. At most 16. Default: all GPUs; integrated ones if there is no other.
   */
  readonly devices?: readonly (string | number)[];
}

const mostDevices = 16;

const splitPart: Rule = {
  allowed: "a number from 0",
  accepts: (value) => Number.isFinite(value) && Number(value) >= 0,
};
const splitParts = listOf(splitPart, mostDevices);

const tensorSplit: Rule = {
  ...splitParts,
  allowed: `an array of at most ${mostDevices} numbers from 0, one of them above it`,
  accepts: (value) => splitParts.accepts(value) && (value as number[]).some((part) => part > 0),
};

export const deviceRules: Readonly<Record<keyof DeviceOptions, Rule>> = {
  gpuLayers: either(integer(0, 10_000), oneOf("auto")),
  splitMode: oneOf("none", "layer", "row", "tensor"),
  tensorSplit,
  mainGpu: integer(0, mostDevices - 1),
  devices: listOf(anything, mostDevices), // readDevices() names the element
};

/**
 * What `deviceRules` let pass, as the addon takes it.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function deviceOptions(options: DeviceOptions, where: string): NativeDeviceOptions {
  return {
    gpuLayers: options.gpuLayers === "auto" ? undefined : options.gpuLayers,
    splitMode: options.splitMode,
    tensorSplit: options.tensorSplit,
    mainGpu: options.mainGpu,
    devices: options.devices?.map((device, index) =>
      String(checkValue(device, nameOrPlace, `${where}: devices[${index}]`)),
    ),
  };
}

const nameOrPlace = either(integer(0, 9999), text);
