// Scripts speak on standard error: standard output belongs to what they run.
// No colour package here, since setup must speak before anything is installed.
const coloured = Boolean(process.stderr.isTTY) && !process.env.NO_COLOR;

const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

const bold = paint(1);
const dim = paint(2);

/** Says what is being done now. */
export function say(text) {
  process.stderr.write(`${bold(text)}\n`);
}

/** Says a detail of it. */
export function note(text) {
  process.stderr.write(`${dim(`  ${text}`)}\n`);
}
