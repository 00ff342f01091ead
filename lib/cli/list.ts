import type { Command } from "commander";
import colors from "picocolors";
import type { ListedModel } from "../model/list.ts";
import { note, sizeText } from "./terminal.ts";

export function addListCommand(program: Command): void {
  program
    .command("list")
    .description("list the models on this machine, of all programs")
    .option("--json", "print one JSON array")
    .action(list);
}

async function list(flags: { readonly json?: true }): Promise<void> {
  const { listModels } = await import("../model/list.ts");
  const models = await listModels();
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(models)}\n`);
    return;
  }
  if (models.length === 0) {
    note("No models yet. node-codellama pull codellama:7b-instruct fetches one (4.08 GB).");
    return;
  }
  process.stdout.write(table(models));
}

const titles = ["MODEL", "SIZE", "TYPE", "CAN", "FITS", "FROM"];

function table(models: readonly ListedModel[]): string {
  const rows = [titles, ...models.map(cells)];
  const widths = titles.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row, index) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
      return `${index === 0 ? colors.dim(line.trimEnd()) : line.trimEnd()}\n`;
    })
    .join("");
}

function cells(model: ListedModel): string[] {
  const { name, bytes, quantisation = "?", capabilities, fit, store, error } = model;
  const can = (["infill", "chat", "python"] as const).filter((each) => capabilities?.[each]);
  const abilities = error === undefined ? can.join(" ") || "complete" : "cannot be read";
  const places = { gpu: "GPU", memory: "memory", no: "no" } as const;
  return [name, sizeText(bytes), quantisation, abilities, fit ? places[fit] : "", store];
}
