/** Appends any number of elements. `push(...elements)` overflows the stack on long lists. */
export function append<Element>(target: Element[], elements: Iterable<Element>): void {
  for (const element of elements) target.push(element);
}
