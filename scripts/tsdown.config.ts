import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "tsdown";

const common: UserConfig = {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  platform: "node",
  target: "node20.17",
  outDir: "dist",
  // Names the files index.js and index.cjs: the package is of type "module".
  fixedExtension: false,
  hash: false,
  clean: false,
  // Node 20 requires no ES module, so CommonJS stays.
  checks: { legacyCjs: false },
};

// What package.json exports.
const entries = {
  index: "lib/index.ts",
  server: "lib/server/index.ts",
  "ai-sdk": "lib/integrations/ai-sdk/index.ts",
  langchain: "lib/integrations/langchain/index.ts",
};

// The library and the command line share their chunks.
export default defineConfig([
  {
    ...common,
    entry: { ...entries, "cli/main": "lib/cli/main.ts" },
    format: "esm",
    dts: { entry: Object.values(entries) },
  },
  {
    ...common,
    entry: entries,
    format: "cjs",
    dts: true,
    // The bundler would write require("url") in place, which a local variable `require` hides.
    define: { "import.meta.url": "moduleUrl" },
    banner: { js: `const moduleUrl = require("node:url").pathToFileURL(__filename).href;` },
  },
  {
    ...common,
    entry: { playground: "lib/server/page/playground.ts" },
    outDir: "dist/playground",
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    dts: false,
    copy: ["lib/server/page/index.html", "lib/server/page/playground.css"].map((from) => ({
      from,
      to: "dist/playground",
    })),
  },
]);
