// Scripts print to standard error, because standard output belongs to the programs that they run. They use no
// colour package, because setup prints before any package is installed.
const coloured = Boolean(process.stderr.isTTY) && !process.env.NO_COLOR;

const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

const bold = paint(1);
const dim = paint(2);

/** Prints the title of a step. */
export function say(text) {
  process.stderr.write(`${bold(text)}\n`);
}

/** Prints a detail of the current step. */
export function note(text) {
  process.stderr.write(`${dim(`  ${text}`)}\n`);
}
