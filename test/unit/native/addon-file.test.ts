import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { addonFile } from "../../../lib/native/addon-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const scratch = temporaryFolder();

afterEach(() => vi.unstubAllEnvs());

test.each(["Release", "Debug"])(
  "NODE_CODELLAMA_PREBUILD names a folder with build/%s",
  (config) => {
    const folder = join(scratch, config);
    const binaries = join(folder, "build", config);
    mkdirSync(binaries, { recursive: true });
    writeFileSync(join(binaries, "node_codellama.node"), "");
    vi.stubEnv("NODE_CODELLAMA_PREBUILD", relative(process.cwd(), folder));
    expect(addonFile()).toBe(join(binaries, "node_codellama.node"));
  },
);
