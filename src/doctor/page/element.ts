type Child = Node | string

/** An element with attributes and children. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/** The element of the page that has this id. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`page.html has no #${id} of that kind`)
}

/** Text in which what stands between backticks is code. */
export function marked(text: string): readonly (string | Element)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? element('code', {}, part) : part))
}
