/** Appends elements of any number: the arguments of a call, as in `push(...)`, must fit the stack. */
export function append<Element>(target: Element[], elements: Iterable<Element>): void {
  for (const element of elements) target.push(element);
}
