import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Failure } from "../scripts/project.mjs";
import { modelNames } from "./models.mjs";

/** Names of the modules in a folder. */
function moduleNames(folder) {
  return readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".mjs"))
    .map((file) => file.replace(".mjs", ""))
    .sort();
}

/** Names of the cases, which are the names of their files. */
export const caseNames = moduleNames("cases");

const peerNames = moduleNames("peers").filter((name) => name !== "install");

/** Output of `npm run bench -- --help`. */
export const help = `Compares node-codellama with its peers on the same model, threads and tokens.

  npm run bench -- [CASE...] [options]
  npm run bench -- schema FILE [--json]

  cases                 ${caseNames.join(", ")}
                        (default: all, schema only with a FILE)
  FILE                  schemas and instances in MaskBench's format: a line
                        {name, schema, tests: [{valid, data}]} each; or .gz
  --model NAME          ${modelNames.join(", ")} or a GGUF file; repeatable
                        (default: tiny and 7b)
  --repetitions N       measurements of each engine (default 5)
  --threads N           threads of each engine (default: all)
  --peer NAME           compare only with this peer; repeatable
  --gpu                 all layers on the GPU (needs a build with
                        scripts/build.mjs --cuda --programs)
  --split-mode MODE     split over GPUs: layer (default), row, tensor
  --output FOLDER       write results.json, results.md and chart.svg
  --json                print the figures of schema as one line of JSON

The first run compiles llama-bench, installs the peers into bench/peers and writes a model of 4.1 GB into
your cache folder. All cases on both models take most of an hour on two cores. Run nothing else at the
same time.
`;

function positive(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Failure(`--${name} must be a whole number, 1 or more (got ${text}).`, help);
  }
  return value;
}

/** The peers to compare with. Undefined means all. */
function readPeers(names) {
  const unknown = (names ?? []).filter((name) => !peerNames.includes(name));
  if (unknown.length === 0) return names;
  throw new Failure(`--peer must be one of ${peerNames.join(", ")} (got ${unknown.join(", ")}).`);
}

/**
 * Cases, and the file of the case `schema`: the one argument that is not the name of a case.
 * @param {string[]} positionals
 * @param {boolean} json
 */
function readCases(positionals, json) {
  const named = positionals.filter((name) => caseNames.includes(name));
  const others = positionals.filter((name) => !caseNames.includes(name));
  const isSchema = named.includes("schema");
  if (others.length > (isSchema ? 1 : 0)) {
    throw new Failure(
      `A case must be one of ${caseNames.join(", ")} (got ${others.join(", ")}).`,
      help,
    );
  }
  const [file] = others;
  if (isSchema && file === undefined) throw new Failure("schema needs a FILE.", help);
  if (json && named.join() !== "schema") throw new Failure("--json needs the case schema.", help);
  const cases = named.length > 0 ? named : caseNames.filter((name) => name !== "schema");
  return { cases, file };
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
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Failure(error.message, help);
  }
  const { values, positionals } = parsed;
  return {
    ...readCases(positionals, values.json),
    models: values.model,
    onlyPeers: readPeers(values.peer),
    repetitions: positive("repetitions", values.repetitions),
    threads: positive("threads", values.threads),
    gpu: values.gpu,
    splitMode: values["split-mode"],
    output: values.output,
    json: values.json,
    help: values.help,
  };
}

/** The command line, quoted so that it can be run again. */
export function commandLine(args) {
  const quoted = args.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return ["npm run bench --", ...quoted].join(" ");
}
