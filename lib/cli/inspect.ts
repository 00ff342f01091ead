import type { Command } from "commander";
import colors from "picocolors";
import { type GgufFacts, inspectModel } from "../model/inspect.ts";

export function addInspectCommand(program: Command): void {
  program
    .command("inspect")
    .description("print the metadata of a GGUF file")
    .argument("<model>", "GGUF file, hf:org/repo:QUANT, URL or codellama:7b-instruct")
    .option("--json", "print all metadata and tensors as one JSON object")
    .option("--metadata", "list all metadata")
    .option("--tensors", "list all tensors")
    .action(async (file: string, flags: InspectFlags) => {
      const facts = await inspectModel(file);
      process.stdout.write(flags.json ? `${JSON.stringify(facts)}\n` : describe(facts, flags));
    });
}

interface InspectFlags {
  readonly json?: true;
  readonly metadata?: true;
  readonly tensors?: true;
}

function describe(facts: GgufFacts, flags: InspectFlags): string {
  const rows: [string, string | number | undefined][] = [
    ["name", facts.name],
    ["type", facts.type],
    ["architecture", facts.architecture],
    ["parameters", large(facts.parameters)],
    ["file type", facts.fileType],
    ["file size", `${(facts.fileSizeBytes / 1e6).toFixed(1)} MB`],
    ["GGUF version", facts.version],
    ["training context", facts.trainingContextSize],
    ["layers", facts.layers],
    ["embedding length", facts.embeddingLength],
    ["feed-forward length", facts.feedForwardLength],
    ["heads (key-value)", heads(facts)],
    ["RoPE base", facts.ropeBase],
    ["tokenizer", facts.tokenizer],
    ["vocabulary", facts.vocabularySize],
    ["special tokens", list(facts.specialTokens)],
    ["chat template", facts.chatTemplate === undefined ? "none" : "yes"],
    ...abilities(facts),
    ["tensors", facts.tensors.length],
  ];
  let text = table(rows);
  if (flags.metadata)
    text += `\n${table(facts.metadata.map((entry) => [entry.key, value(entry)]))}`;
  if (flags.tensors) {
    text += `\n${table(facts.tensors.map((tensor) => [tensor.name, `${tensor.type} ${tensor.dimensions.join(" x ")}`]))}`;
  }
  return text;
}

/** What the model can do, each with what decided. */
function abilities({ capabilities }: GgufFacts): [string, string][] {
  if (capabilities === undefined) return [];
  return (["infill", "chat", "python"] as const).map((name) => [
    name,
    `${capabilities[name] ? "yes" : "no"}: ${capabilities.reasons[name]}`,
  ]);
}

function table(rows: readonly (readonly [string, string | number | undefined])[]): string {
  const shown = rows.filter(([, cell]) => cell !== undefined && cell !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, cell]) => `${colors.dim(name.padEnd(width))}  ${cell}\n`).join("");
}

function large(count: number): string {
  return count >= 1e9
    ? `${(count / 1e9).toFixed(2)} billion`
    : `${(count / 1e6).toFixed(1)} million`;
}

function heads({ heads, keyValueHeads }: GgufFacts): string | undefined {
  return heads === undefined ? undefined : `${heads} (${keyValueHeads ?? heads})`;
}

function list(tokens: Readonly<Record<string, number>>): string {
  return Object.entries(tokens)
    .map(([name, id]) => `${name} ${id}`)
    .join(", ");
}

function value(entry: GgufFacts["metadata"][number]): string {
  if (entry.length !== undefined) return `${entry.type}, ${entry.length} elements`;
  const text = JSON.stringify(entry.value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
