import type { Command } from "commander";
import colors from "picocolors";
import type { Generation } from "../generation.ts";
import { loadTable } from "../options/load.ts";
import { addFlags } from "./flags.ts";
import { withModel } from "./interrupt.ts";

const hole = {
  prefix:
    'def fibonacci(n: int) -> int:\n    """Return the n-th Fibonacci number."""\n    a, b = 0, 1\n    ',
  suffix: "\n        a, b = b, a + b\n    return a\n",
};
const question = "Write a JavaScript function that checks whether a number is prime.";

export function addDemoCommand(program: Command): void {
  const command = program
    .command("demo")
    .description("show completion, infill and chat with the toy model");
  addFlags(command, loadTable, {}, ["threads"]).action(demo);
}

async function demo(flags: { readonly threads?: number }): Promise<void> {
  const greedy = { temperature: 0, maxTokens: 300 };
  await withModel(flags, async (llama, interruptible) => {
    title('llama.generate("def quick_sort(items")');
    process.stdout.write(colors.dim("def quick_sort(items"));
    await show(interruptible(llama.generate("def quick_sort(items", greedy)));

    title("llama.infill({ prefix, suffix })");
    process.stdout.write(colors.dim(hole.prefix));
    await show(interruptible(llama.infill(hole, greedy)));
    process.stdout.write(colors.dim(hole.suffix));

    title('llama.chat([{ role: "user", content }])');
    process.stdout.write(`${colors.dim(question)}\n\n`);
    await show(interruptible(llama.chat([{ role: "user", content: question }], greedy)));
    process.stdout.write("\n");
  });
}

function title(code: string): void {
  process.stdout.write(`\n${colors.cyan(`// ${code}`)}\n`);
}

async function show(generation: Generation<unknown>): Promise<void> {
  for await (const { text } of generation) process.stdout.write(colors.bold(text));
}
