// Fuzzes the C++ readers of foreign bytes (model files, grammars, generated text) with libFuzzer,
// AddressSanitizer and UndefinedBehaviorSanitizer: `npm run fuzz -- readers`.
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "./command.mjs";
import { Failure, newestIn, root, writtenAt } from "./project.mjs";

const execute = promisify(execFile);
const folder = join(root, ".cache/fuzz-readers");
const sources = join(root, "test/native/readers");
const sanitizers = "-fsanitize=fuzzer,address,undefined";

/** Each reader's sources below native/engine, and the first inputs of a run. */
const readers = {
  gguf: { sources: /^gguf\/.*\.cc$/, seeds: [smallModel()] },
  gbnf: {
    sources:
      /^(grammar\/(grammar_(parser|builder)|rule_machine|utf8_ranges)|regex\/code_points)\.cc$/,
    seeds: ['root ::= "a" [b-z]* ("c" | d){2,3}\nd ::= [^\\n\\x41-\\u00ff] | root? # e\n'],
  },
  text_stream: {
    sources:
      /^(text\/(text_stream|(stop|dedent)_matcher|stop_pattern)|regex\/.*|gguf\/gguf_text)\.cc$/,
    seeds: ["stop\\\\hello € stop \u0001"],
  },
};

export const readerNames = Object.keys(readers);

/** The reason why this machine cannot fuzz the readers. Undefined if it can. */
export function missingForFuzzing() {
  if (process.platform !== "linux") return "libFuzzer's targets run on Linux only";
  mkdirSync(folder, { recursive: true });
  const source = join(folder, "nothing.cc");
  writeFileSync(source, 'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }\n');
  const options = ["-fsanitize=fuzzer,address", source, "-o", join(folder, "nothing")];
  const { status } = spawnSync("clang++", options, { stdio: "ignore" });
  return status === 0 ? undefined : "clang++ with libFuzzer is not installed";
}

/** Compiles and runs the target of a reader. @throws {Failure} with libFuzzer's report */
export async function fuzzReader(name, { seconds, seed }) {
  const work = join(folder, name);
  const seeds = join(work, "seeds");
  rmSync(seeds, { recursive: true, force: true });
  mkdirSync(seeds, { recursive: true });
  readers[name].seeds.forEach((bytes, at) => {
    writeFileSync(join(seeds, String(at)), bytes);
  });
  const options = [`-max_total_time=${seconds}`, `-seed=${seed}`, "-timeout=20"];
  const limits = ["-rss_limit_mb=3000", "-verbosity=0", `-artifact_prefix=${work}/`];
  const target = await compile(name, work);
  await execute(target, [seeds, ...options, ...limits], { maxBuffer: 2 ** 28 }).catch((error) => {
    throw new Failure(`The reader ${name} failed with seed ${seed}.`, error.stderr.slice(-8000));
  });
}

/** Compiles a target if it is older than its sources. */
async function compile(name, work) {
  const target = join(work, "target");
  const newest = Math.max(newestIn(join(root, "native"), ["llama.cpp"]), newestIn(sources));
  if (writtenAt(target) > newest) return target;
  const engine = join(root, "native/engine");
  const files = readdirSync(engine, { recursive: true, encoding: "utf8" }).filter(
    (file) => readers[name].sources.test(file) || file === "base/error.cc",
  );
  const objects = await compileAll(
    [join(sources, `${name}.cc`), ...files.map((file) => join(engine, file))],
    work,
  );
  await execute("clang++", [sanitizers, ...objects, "-o", target]);
  return target;
}

/** Compiles one file per core at a time: instrumented code takes seconds per file. */
async function compileAll(files, work) {
  const compiler = [findProgram("ccache"), "clang++"].filter((program) => program !== undefined);
  const options = ["-std=c++20", "-O1", "-g", sanitizers, "-fno-sanitize-recover=undefined"];
  const jobs = files.map((file, at) => ({ file, object: join(work, `${at}.o`) }));
  const waiting = [...jobs];
  const compileRest = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const include = ["-I", join(root, "native")];
      const [program, ...first] = compiler;
      await execute(program, [...first, ...options, ...include, "-c", job.file, "-o", job.object]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileRest));
  return jobs.map(({ object }) => object);
}

/** A model file with a value of every kind and one tensor. */
function smallModel() {
  const number = (size, value) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntLE(value, 0, Math.min(size, 6));
    return bytes;
  };
  const text = (value) => Buffer.concat([number(8, Buffer.byteLength(value)), Buffer.from(value)]);
  const entry = (key, type, ...value) => Buffer.concat([text(key), number(4, type), ...value]);
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    ...[number(4, 3), number(8, 1), number(8, 5)],
    entry("general.architecture", 8, text("llama")),
    entry("llama.block_count", 4, number(4, 2)),
    entry("llama.rope.freq_base", 6, number(4, 0x3f800000)),
    entry("tokenizer.ggml.tokens", 9, number(4, 8), number(8, 2), text("a"), text("b")),
    entry("llama.feed_forward_length", 9, number(4, 5), number(8, 2), number(4, 1), number(4, 2)),
    ...[text("token_embd.weight"), number(4, 2), number(8, 4), number(8, 2)],
    ...[number(4, 0), number(8, 0)],
  ]);
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), Buffer.alloc(32)]);
}
