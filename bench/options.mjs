import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Failure } from "../scripts/project.mjs";
import { modelNames } from "./models.mjs";

/** What the modules of a folder are called. */
function moduleNames(folder) {
  return readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".mjs"))
    .map((file) => file.replace(".mjs", ""))
    .sort();
}

/** The cases, by the names of their files. */
export const caseNames = moduleNames("cases");

const peerNames = moduleNames("peers").filter((name) => name !== "install");

/** What `npm run bench -- --help` prints. */
export const help = `Measures node-codellama beside its peers, on the same model, threads and tokens.

  npm run bench -- [CASE...] [options]

  cases                 ${caseNames.join(", ")}; without any, all of them
  --model NAME          ${modelNames.join(", ")} or the path of a GGUF file; may be repeated
                        (default: tiny and 7b)
  --repetitions N       of each engine in each comparison (default 5)
  --threads N           of each engine (default: all processors)
  --peer NAME           compares with this peer alone; may be repeated (default: all of a case)
  --gpu                 all layers on the GPU, in a build made with scripts/build.mjs --cuda --programs
  --split-mode MODE     how several GPUs share the model: layer, row, tensor (default: layer)
  --output FOLDER       write results.json (every sample), results.md (one table) and chart.svg there

The first run compiles llama-bench, installs the peers into bench/peers and writes a model of 4.1 GB
into the user's cache folder. All cases on both models take most of an hour on two cores; let nothing
else run meanwhile.
`;

function positive(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Failure(`--${name} must be a whole number above 0, not ${text}.`, help);
  }
  return value;
}

/** Those to compare with, or undefined for all. */
function readPeers(names) {
  const unknown = (names ?? []).filter((name) => !peerNames.includes(name));
  if (unknown.length === 0) return names;
  throw new Failure(`There is no peer ${unknown.join(", ")}; there are ${peerNames.join(", ")}.`);
}

/** Reads the command line. */
export function readOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        model: { type: "string", multiple: true, default: ["tiny", "7b"] },
        repetitions: { type: "string", default: "5" },
        threads: { type: "string", default: String(availableParallelism()) },
        peer: { type: "string", multiple: true },
        gpu: { type: "boolean", default: false },
        "split-mode": { type: "string" },
        output: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Failure(error.message, help);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.filter((name) => !caseNames.includes(name));
  if (unknown.length > 0) throw new Failure(`There is no case ${unknown.join(", ")}.`, help);
  return {
    cases: positionals.length > 0 ? positionals : caseNames,
    models: values.model,
    onlyPeers: readPeers(values.peer),
    repetitions: positive("repetitions", values.repetitions),
    threads: positive("threads", values.threads),
    gpu: values.gpu,
    splitMode: values["split-mode"],
    output: values.output,
    help: values.help,
  };
}

/** What was typed, as it can be typed again. */
export function commandLine(args) {
  const quoted = args.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return ["npm run bench --", ...quoted].join(" ");
}
