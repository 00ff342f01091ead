import type { NativeLoadOptions } from "../native/binding.ts";
import type { PlainLoadOptions } from "../native/load-options.ts";
import { anything, checkValue, either, integer, listOf, oneOf, type Rule, text } from "./check.ts";
import type { NativeTable } from "./table.ts";

/** Where the layers of a model are computed, and how several GPUs share them. */
export interface DeviceOptions
  extends Pick<PlainLoadOptions, "splitMode" | "tensorSplit" | "mainGpu"> {
  /**
   * Number of layers computed on GPUs, counted from the last layer. Default `"auto"`: as many as fit
   * into the free memory of the devices beside the context, with 1 GiB left free on each device;
   * unless `contextSize` is given, the context first shrinks down to 4,096 tokens. A number that
   * does not fit rejects with `OUT_OF_MEMORY`. Range 0 to 10000; 0 uses no GPU.
   */
  readonly gpuLayers?: number | "auto";
  /**
   * Devices to use, by name or by index in `CodeLlama.devices()`. `[]` uses only the CPU, which
   * always computes the layers that are not on a GPU. At most 16. Default: all GPUs; integrated GPUs
   * only if there is no other GPU.
   */
  readonly devices?: readonly (string | number)[];
}

const mostDevices = 16;

const splitPart: Rule<number> = {
  allowed: "a number of at least 0",
  accepts: (value) => Number.isFinite(value) && Number(value) >= 0,
};
const splitParts = listOf(splitPart, mostDevices);

const tensorSplit: Rule<readonly number[]> = {
  ...splitParts,
  allowed: `an array of at most ${mostDevices} numbers of at least 0, one of them above 0`,
  accepts: (value) => splitParts.accepts(value) && (value as number[]).some((part) => part > 0),
};

const nameOrIndex = either(integer(0, 9999), text);

/** The options of `load` for devices. */
export const deviceTable = {
  gpuLayers: {
    rule: either(integer(0, 10_000), oneOf("auto")),
    native: (layers) => ({ gpuLayers: layers === "auto" ? undefined : layers }),
    default: "auto",
    flag: { value: "number" },
    doc: "compute this many layers on the GPU; auto: all that fit",
  },
  splitMode: {
    rule: oneOf("none", "layer", "row", "tensor"),
    native: "same",
    default: "layer",
    doc: "choose how several GPUs share the model",
  },
  tensorSplit: {
    rule: tensorSplit,
    form: "[3, 1]",
    native: "same",
    defaultText: "by free memory",
    doc: "set the proportions of the model per GPU",
  },
  mainGpu: {
    rule: integer(0, mostDevices - 1),
    native: "same",
    default: 0,
    doc: 'choose the only GPU for splitMode "none"',
  },
  devices: {
    // The native function checks each element, so that messages name it.
    rule: listOf(anything, mostDevices),
    form: "[name or index]",
    native: (devices, where) => ({
      devices: devices.map((device, index) =>
        String(checkValue(device, nameOrIndex, `${where}: devices[${index}]`)),
      ),
    }),
    defaultText: "all GPUs",
    doc: "use these devices; [] is the CPU alone",
  },
} as const satisfies NativeTable<DeviceOptions, NativeLoadOptions>;
