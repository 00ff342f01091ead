import { describe, expect, test } from "vitest";

interface Gpu {
  readonly architecture: string;
}

const load = (name: string): Promise<unknown> =>
  import(new URL(`../../../scripts/${name}.mjs`, import.meta.url).href);
const { cudaArchitectures } = (await load("nvidia")) as {
  cudaArchitectures(gpus: readonly Gpu[], version: number | undefined): string | undefined;
};
const { cmakeVariables, readSwitches } = (await load("build-switches")) as {
  readSwitches(args: readonly string[]): Record<string, string | boolean>;
  cmakeVariables(switches: object, folders: object): Record<string, string>;
};

describe("a CUDA build", () => {
  test("compiles for each kind of GPU of this machine", () => {
    const gpus = [{ architecture: "90" }, { architecture: "90" }, { architecture: "86" }];
    expect(cudaArchitectures(gpus, 13)).toBe("90;86");
  });

  test.each([
    [12.4, "50-virtual;61-virtual;70-virtual;75-virtual;80-virtual;86-real;89-real;90-virtual"],
    [13, "75-virtual;80-virtual;86-real;89-real;90-virtual;120a-real;121a-real"],
  ])("compiles for llama.cpp's list on a machine without a GPU, with CUDA %j", (version, list) => {
    expect(cudaArchitectures([], version)).toBe(list);
  });

  test("compiles for the architectures in the switch", () => {
    const variables = cmakeVariables(readSwitches(["--cuda", "86,90"]), {});
    expect(variables).toMatchObject({ GGML_CUDA: "ON", CMAKE_CUDA_ARCHITECTURES: "86;90" });
  });

  test("leaves the list to llama.cpp in a build for other machines", () => {
    const variables = cmakeVariables(readSwitches(["--cuda", "--cpu-variants"]), {});
    expect(variables).toMatchObject({ GGML_CUDA: "ON", NODE_CODELLAMA_CPU_VARIANTS: "ON" });
    expect(variables.CMAKE_CUDA_ARCHITECTURES).toBeUndefined();
  });

  test("is off by default", () => {
    expect(cmakeVariables(readSwitches([]), {})).toMatchObject({ GGML_CUDA: "OFF" });
  });
});
