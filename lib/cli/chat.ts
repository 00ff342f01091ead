import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import colors from "picocolors";
import spinner from "yocto-spinner";
import { replaceFile } from "../base/replace-file.ts";
import type { CodeLlama } from "../codellama.ts";
import { CodeLlamaError } from "../errors.ts";
import { type ChatOptions, chatTable } from "../options/chat.ts";
import type { ChatSession } from "../session.ts";
import { untilInterrupted } from "./interrupt.ts";
import { addModelFlags, loadModel, type ModelFlags } from "./model-options.ts";
import { addSamplingFlags, type SamplingFlags, samplingOptions } from "./sampling-options.ts";
import { readStandardInput } from "./standard-input.ts";
import { note, summary } from "./terminal.ts";

interface ChatFlags extends ModelFlags, SamplingFlags {
  readonly system?: string;
  readonly load?: string;
  readonly force?: true;
  readonly verbose?: true;
}

export function addChatCommand(program: Command): void {
  const command = program
    .command("chat")
    .description("chat with an instruct model (piped input: one question)");
  addSamplingFlags(addModelFlags(command), chatTable, 1024)
    .option("--system <text>", "system prompt")
    .option("--load <file>", "continue a conversation saved with /save")
    .option("--verbose", "print tokens and speed after each answer")
    .action(chat);
}

const help = `/system TEXT   start a new conversation with this system prompt
/reset         start a new conversation
/save FILE     save the conversation
/load FILE     continue a saved conversation
/help          show this help
/exit          quit, like Ctrl-D
End a line with \\ to continue it on the next line. Start and end a longer text with """.
Ctrl-C stops the answer or clears the line.`;

async function chat(flags: ChatFlags): Promise<void> {
  let llama: CodeLlama | undefined;
  // Ctrl-C must not lose what a download has fetched.
  await untilInterrupted(async (signal) => {
    llama = await loadModel(flags, signal);
  });
  if (llama !== undefined) await chatWith(llama, flags);
}

async function chatWith(llama: CodeLlama, flags: ChatFlags): Promise<void> {
  try {
    requireInstruct(llama, flags);
    const conversation = new Conversation(llama, flags);
    if (flags.load !== undefined) await conversation.load(flags.load);
    if (process.stdin.isTTY) await conversation.talk();
    else await conversation.answer((await readStandardInput()).trim());
  } finally {
    await llama.close();
  }
}

/** Rejects other models before the user types a question. */
function requireInstruct({ capabilities, model }: CodeLlama, flags: ChatFlags): void {
  if (capabilities.chat || flags.force) return;
  throw new CodeLlamaError(
    "CAPABILITY_MISSING",
    `${model.name} is not an instruct model (${capabilities.reasons.chat}), so its answers would not ` +
      "end; pass an instruct model with --model, or --force to chat anyway",
  );
}

class Conversation {
  readonly #llama: CodeLlama;
  readonly #options: ChatOptions;
  readonly #verbose: boolean;
  #session: ChatSession;
  #history: string[] = [];

  constructor(llama: CodeLlama, flags: ChatFlags) {
    this.#llama = llama;
    this.#options = { ...samplingOptions(flags), force: flags.force ?? false };
    this.#verbose = flags.verbose ?? false;
    this.#session = llama.session(flags.system === undefined ? {} : { system: flags.system });
  }

  /** Answers questions until Ctrl-D or /exit. */
  async talk(): Promise<void> {
    note("Type /help for the commands, Ctrl-D to quit.");
    for (;;) {
      const text = await this.#ask();
      if (text === undefined || text === "/exit") return;
      try {
        if (text.startsWith("/")) await this.#command(text);
        else if (text !== "") await this.answer(text);
      } catch (error) {
        if (!CodeLlamaError.isInstance(error) || error.code === "CLOSED") throw error;
        process.stderr.write(`${colors.red("error:")} ${error.message}\n`);
      }
    }
  }

  /** Prints the answer to one question. Ctrl-C stops the answer, not the program. */
  async answer(question: string): Promise<void> {
    const generation = this.#session.send(question, this.#options);
    const onInterrupt = () => generation.cancel();
    process.on("SIGINT", onInterrupt);
    const waiting = process.stderr.isTTY ? spinner({ color: "gray" }).start() : undefined;
    try {
      let last = "";
      for await (const { text } of generation) {
        waiting?.stop();
        process.stdout.write(text);
        last = text;
      }
      waiting?.stop();
      if (!last.endsWith("\n")) process.stdout.write("\n");
      const result = await generation;
      if (result.dropped.length > 0) {
        note(`(dropped the ${result.dropped.length} oldest messages to make room)`);
      }
      if (result.finishReason === "abort") note("(interrupted)");
      if (this.#verbose) note(summary(result));
    } finally {
      waiting?.stop();
      process.off("SIGINT", onInterrupt);
    }
  }

  async load(file: string): Promise<void> {
    const data = await readFile(file, "utf8").catch((error: Error) => {
      throw new CodeLlamaError("INVALID_ARGUMENT", `${file} cannot be read: ${error.message}`);
    });
    try {
      const saved = JSON.parse(data);
      if (saved?.version !== 1) throw new Error("version must be 1");
      this.#session = this.#llama.session(saved);
    } catch (error) {
      throw new CodeLlamaError(
        "INVALID_ARGUMENT",
        `${file} is not a saved conversation: ${(error as Error).message}`,
      );
    }
    note(`(loaded ${this.#session.messages.length} messages from ${file})`);
  }

  async #command(text: string): Promise<void> {
    const [name = "", ...words] = text.split(" ");
    const argument = words.join(" ").trim();
    if (name === "/reset") {
      this.#session.reset();
      note("(started a new conversation)");
    } else if (name === "/system" && argument !== "") {
      this.#session.reset(argument);
      note("(started a new conversation with this system prompt)");
    } else if (name === "/save" && argument !== "") {
      const json = `${JSON.stringify(this.#session, null, 2)}\n`;
      await replaceFile(argument, [Buffer.from(json)], { where: "/save" });
      note(`(saved to ${argument})`);
    } else if (name === "/load" && argument !== "") {
      await this.load(argument);
    } else {
      if (name !== "/help") note(`${name} is not a command, or its argument is missing.`);
      note(help);
    }
  }

  /** Reads the next question; undefined at the end of the input. */
  async #ask(): Promise<string | undefined> {
    const lines: string[] = [];
    let block = false;
    for (;;) {
      const line = await this.#readLine(lines.length === 0 && !block ? "> " : "… ");
      if (line === undefined) return undefined;
      if (line === null) {
        lines.length = 0;
        block = false;
      } else if (line.trim() === '"""') {
        if (block) return lines.join("\n");
        block = true;
      } else if (block) {
        lines.push(line);
      } else if (line.endsWith("\\")) {
        lines.push(line.slice(0, -1));
      } else {
        return [...lines, line].join("\n").trim();
      }
    }
  }

  /** Reads a line; null if Ctrl-C cleared it; undefined at the end of the input. */
  #readLine(prompt: string): Promise<string | null | undefined> {
    // A new reader for each line: during an answer the terminal must be in its normal mode, in which
    // Ctrl-C is a signal.
    const reader = createInterface({
      input: process.stdin,
      output: process.stderr,
      prompt: colors.cyan(prompt),
      history: this.#history,
      historySize: 500,
      removeHistoryDuplicates: true,
    });
    return new Promise((resolve) => {
      const finish = (line: string | null | undefined) => {
        resolve(line);
        reader.close();
      };
      reader.on("history", (history) => {
        this.#history = history;
      });
      reader.once("line", finish);
      reader.once("close", () => finish(undefined));
      reader.once("SIGINT", () => {
        process.stderr.write("\n");
        finish(null);
      });
      reader.prompt();
    });
  }
}
