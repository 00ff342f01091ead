import { writeGguf } from "./gguf-writer.ts";

const rank = 4;
const width = 256;
const layers = [3, 9];

/** Writes a LoRA adapter for the embedded model that adds noise in proportion to its scale. */
export function writeNoiseLora(path: string): void {
  const noise = (seed: number) =>
    Float32Array.from({ length: width * rank }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.3);
  writeGguf(
    path,
    {
      "general.type": "adapter",
      "general.architecture": "llama",
      "adapter.type": "lora",
      "adapter.lora.alpha": rank,
    },
    layers.flatMap((layer) => {
      const name = `blk.${layer}.attn_output.weight`;
      return [
        { name: `${name}.lora_a`, dimensions: [width, rank], values: noise(layer) },
        { name: `${name}.lora_b`, dimensions: [rank, width], values: noise(layer + 0.5) },
      ];
    }),
  );
}
