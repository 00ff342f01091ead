/** A device that llama.cpp can compute on. */
export interface DeviceInfo {
  /** Name for the option `devices`, such as `"CUDA0"`. */
  readonly name: string;
  /** Product name, such as `"NVIDIA H200"`. */
  readonly description: string;
  /** llama.cpp's backend that drives the device, such as `"CUDA"`. */
  readonly backend: string;
  /** An `"accelerator"` helps the CPU with some operations and holds no layers. */
  readonly kind: "cpu" | "gpu" | "integrated" | "accelerator";
  /** 0 if the backend does not report it. */
  readonly totalMemoryBytes: number;
  /** 0 if the backend does not report it. */
  readonly freeMemoryBytes: number;
}

/** The part of a loaded model that one device holds. */
export interface DeviceShare {
  /** `"CPU"`, or the name of a `DeviceInfo`. */
  readonly name: string;
  /** Number of whole layers. With `splitMode: "tensor"` every device holds a part of each layer. */
  readonly layers: number;
  /** Planned size of the weights. 0 if the whole model is on the CPU. */
  readonly weightBytes: number;
  /** Planned size of the KV cache. 0 if the whole model is on the CPU. */
  readonly contextBytes: number;
  /** Planned size of intermediate results. 0 if the whole model is on the CPU. */
  readonly computeBytes: number;
}

/** Which devices a loaded model runs on. */
export interface Placement {
  readonly devices: readonly DeviceShare[];
  /** Why the load placed no layer on a GPU. Absent if a GPU holds layers or `gpuLayers` is 0. */
  readonly reason?: string;
}
