import { appendFileSync, writeFileSync } from "node:fs";

/** Writes the output of CMake and the compiler to a file, and finds the lines that a user needs to see. */
export class BuildLog {
  #lines = [];

  /** @param {string} file */
  constructor(file) {
    this.file = file;
    writeFileSync(file, "");
  }

  add(line) {
    this.#lines.push(line);
    appendFileSync(this.file, `${line}\n`);
  }

  /** Forty lines from the first error on, or the last forty lines. */
  failure() {
    const first = this.#lines.findIndex((line) => /^FAILED:|\berror:|^CMake Error/.test(line));
    const from = first < 0 ? Math.max(0, this.#lines.length - 40) : first;
    const isCommand = (line) => / -o .* -c /.test(line);
    const lines = this.#lines.slice(from, from + 40);
    return lines.filter((line) => !isCommand(line)).join("\n");
  }

  /** Warnings about this project's files, each once. Warnings about llama.cpp's files are left out. */
  ownWarnings() {
    const own = /(native|test)\/(?!llama\.cpp\/).*: warning: /;
    return [...new Set(this.#lines.filter((line) => own.test(line)))];
  }
}
