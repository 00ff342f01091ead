/** A text and its selection. */
interface Snapshot {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

interface Step {
  /** Source of the change: a kind of typing, or the object that wrote. */
  readonly source: string | object;
  readonly before: Snapshot;
  after: Snapshot;
}

const maxSteps = 1000;

/**
 * Undo and redo for a text area that the page also writes into. The browser's own history does not include such writes
 * and restores wrong text after one.
 */
export class EditHistory {
  readonly #beforeTravel: () => void;
  readonly #done: Step[] = [];
  readonly #undone: Step[] = [];
  #before: Snapshot;

  /** @param beforeTravel - called before each undo and redo */
  constructor(
    readonly area: HTMLTextAreaElement,
    beforeTravel: () => void = () => {},
  ) {
    this.#beforeTravel = beforeTravel;
    this.#before = this.#now();
    area.addEventListener("beforeinput", (event) => this.#onBeforeInput(event));
    area.addEventListener("input", (event) => {
      const inputType = event instanceof InputEvent ? event.inputType : "";
      this.#record({ source: typingKind(inputType), before: this.#before, after: this.#now() });
    });
    area.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Makes a change that can be undone. Consecutive changes of one source are undone together. */
  change(source: object, make: () => void): void {
    const before = this.#now();
    make();
    this.#record({ source, before, after: this.#now() });
  }

  #now(): Snapshot {
    const { value, selectionStart, selectionEnd } = this.area;
    return { value, start: selectionStart, end: selectionEnd };
  }

  #record(step: Step): void {
    this.#before = step.after;
    if (step.after.value === step.before.value) return;
    this.#undone.length = 0;
    const last = this.#done.at(-1);
    if (last === undefined || !continues(last, step)) this.#done.push(step);
    else if (step.after.value === last.before.value) this.#done.pop();
    else last.after = step.after;
    if (this.#done.length > maxSteps) this.#done.shift();
  }

  #onBeforeInput(event: InputEvent): void {
    this.#before = this.#now();
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
      event.preventDefault();
      this.#travel(event.inputType === "historyUndo");
    }
  }

  // The browser sends no historyUndo event for these keys when its own history is empty.
  #onKey(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const letter = event.key.toLowerCase();
    const redoes = (letter === "z" && event.shiftKey) || (letter === "y" && event.ctrlKey);
    if (letter !== "z" && !redoes) return;
    event.preventDefault();
    this.#travel(!redoes);
  }

  #travel(undoes: boolean): void {
    this.#beforeTravel();
    const [from, to] = undoes ? [this.#done, this.#undone] : [this.#undone, this.#done];
    const step = from.pop();
    if (step === undefined) return;
    to.push(step);
    const { value, start, end } = undoes ? step.before : step.after;
    this.area.value = value;
    this.area.setSelectionRange(start, end);
    this.#before = this.#now();
  }
}

/** Whether a step continues the previous one, like typed letters while the caret does not move. */
function continues(last: Step, { source, before }: Step): boolean {
  if (last.source !== source) return false;
  if (typeof source === "object") return true;
  return before.start === last.after.start && before.end === last.after.end;
}

function typingKind(inputType: string): string | object {
  if (["insertText", "insertLineBreak", "insertCompositionText"].includes(inputType)) return "type";
  return inputType.startsWith("deleteContent") ? "delete" : {};
}
