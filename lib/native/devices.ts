import { fromNative } from "../errors.ts";
import { addon } from "./binding.ts";

/** Something to compute on. */
export interface DeviceInfo {
  /** For the option `devices`, such as `"CUDA0"`. */
  readonly name: string;
  /** Such as `"NVIDIA H200"`. */
  readonly description: string;
  /** llama.cpp's backend that drives it, such as `"CUDA"`. */
  readonly backend: string;
  /** An `"accelerator"` helps the CPU with some operations and holds no layers. */
  readonly kind: "cpu" | "gpu" | "integrated" | "accelerator";
  /** In bytes; 0 where the backend does not tell. */
  readonly totalMemoryBytes: number;
  readonly freeMemoryBytes: number;
}

/** A device's part of a loaded model. */
export interface DeviceShare {
  /** `"CPU"`, or the name of a `DeviceInfo`. */
  readonly name: string;
  /** Whole layers; with `splitMode: "tensor"` each device has a part of every one. */
  readonly layers: number;
  /** Planned bytes of weights, KV cache and intermediate results; 0 where all is on the CPU. */
  readonly weightBytes: number;
  readonly contextBytes: number;
  readonly computeBytes: number;
}

/** Where a loaded model is computed. */
export interface Placement {
  readonly devices: readonly DeviceShare[];
  /** Why no layer is on a GPU, where one might have been. */
  readonly reason?: string;
}

/** @throws CodeLlamaError `ADDON_MISSING` */
export async function listDevices(): Promise<readonly DeviceInfo[]> {
  return addon()
    .devices()
    .catch((error: unknown) => {
      throw fromNative(error);
    });
}
