import { appendFileSync, writeFileSync } from "node:fs";

/** Everything that CMake and the compiler print, in a file, and the part of it worth showing. */
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

  /** What went wrong: forty lines from the first error on, or the last forty. */
  failure() {
    const first = this.#lines.findIndex((line) => /^FAILED:|\berror:|^CMake Error/.test(line));
    const from = first < 0 ? Math.max(0, this.#lines.length - 40) : first;
    const isCommand = (line) => / -o .* -c /.test(line);
    const lines = this.#lines.slice(from, from + 40);
    return lines.filter((line) => !isCommand(line)).join("\n");
  }

  /** Warnings about this project's own files; llama.cpp's are its own affair. */
  ownWarnings() {
    const own = /(native|test)\/(?!llama\.cpp\/).*: warning: /;
    return this.#lines.filter((line) => own.test(line));
  }
}
