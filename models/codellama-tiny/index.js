import { fileURLToPath } from "node:url";

export const modelPath = fileURLToPath(new URL("codellama-tiny-Q4_K_M.gguf", import.meta.url));
