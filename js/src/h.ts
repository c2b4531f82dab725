// Makes DOM nodes. Strings become text nodes and nothing else, so that no string of a report is ever markup.

export type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) if (child || child === "") element.append(child);
  return element;
}

/** A sentence whose names stand between backticks, those as code. */
export function sentence(text: string): Node[] {
  return text.split(/`([^`\n]+)`/).map((piece, index) => (index % 2 ? h("code", {}, piece) : document.createTextNode(piece)));
}

/** A titled part of the panel; no landmark, of which a notebook with many panels would have too many. */
export function section(title: string, note: string, ...children: (Child | Child[])[]): HTMLElement {
  return h("section", {}, h("h3", {}, title, note && h("span", { class: "muted" }, ` ${note}`)), ...children);
}
