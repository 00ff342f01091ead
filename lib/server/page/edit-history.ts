/** A text and what is selected of it. */
interface Moment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

interface Step {
  /** Who made it: a way of typing, or whatever else wrote. */
  readonly source: string | object;
  readonly before: Moment;
  after: Moment;
}

const limit = 1000;

/**
 * Undo and redo for a text area that the page writes into as well. The browser's own knows nothing of such writes, and
 * puts the text together wrongly after one.
 */
export class EditHistory {
  readonly #beforeTravel: () => void;
  readonly #done: Step[] = [];
  readonly #undone: Step[] = [];
  #before: Moment;

  /** `beforeTravel` is called before each undo and redo. */
  constructor(
    readonly area: HTMLTextAreaElement,
    beforeTravel: () => void = () => {},
  ) {
    this.#beforeTravel = beforeTravel;
    this.#before = this.#now();
    area.addEventListener("beforeinput", (event) => this.#onBeforeInput(event));
    area.addEventListener("input", (event) => {
      const inputType = event instanceof InputEvent ? event.inputType : "";
      this.#record({ source: wayOfTyping(inputType), before: this.#before, after: this.#now() });
    });
    area.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Makes a change that can be undone; changes of one source in a row are undone together. */
  change(source: object, make: () => void): void {
    const before = this.#now();
    make();
    this.#record({ source, before, after: this.#now() });
  }

  #now(): Moment {
    const { value, selectionStart, selectionEnd } = this.area;
    return { value, start: selectionStart, end: selectionEnd };
  }

  #record(step: Step): void {
    this.#before = step.after;
    if (step.after.value === step.before.value) return;
    this.#undone.length = 0;
    const last = this.#done.at(-1);
    if (last === undefined || !goesOn(last, step)) this.#done.push(step);
    else if (step.after.value === last.before.value) this.#done.pop();
    else last.after = step.after;
    if (this.#done.length > limit) this.#done.shift();
  }

  #onBeforeInput(event: InputEvent): void {
    this.#before = this.#now();
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
      event.preventDefault();
      this.#travel(event.inputType === "historyUndo");
    }
  }

  // The browser says nothing of these keys when its own history is empty.
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

/** Whether a step belongs to the one before, as letters of a word do while the caret is not moved. */
function goesOn(last: Step, { source, before }: Step): boolean {
  if (last.source !== source) return false;
  if (typeof source === "object") return true;
  return before.start === last.after.start && before.end === last.after.end;
}

function wayOfTyping(inputType: string): string | object {
  if (["insertText", "insertLineBreak", "insertCompositionText"].includes(inputType)) return "type";
  return inputType.startsWith("deleteContent") ? "delete" : {};
}
