const { join } = require("node:path");

exports.modelPath = join(__dirname, "codellama-tiny-Q4_K_M.gguf");
