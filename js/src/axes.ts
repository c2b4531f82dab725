// Named axes in their colours: one name has one colour in every view of the panel.
import { h } from "./h";

const NAMES = ["batch", "seq", "hidden", "labels", "vocab", "intermediate", "heads", "choices", "outputs"];
const NAME = /([a-z_]\w*)((?:<=|=)[\d?]+)?/gi;

/** The text of a shape, `(batch=3, seq<=512)` or a part of it, each named axis as an element of its colour. */
export function axes(text: string): (Node | string)[] {
  const pieces: (Node | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(NAME)) {
    const at = NAMES.indexOf(found[1]!);
    if (at < 0) continue;
    pieces.push(text.slice(end, found.index), h("span", { class: `axis axis-${at}` }, found[0]));
    end = found.index + found[0].length;
  }
  return [...pieces, text.slice(end)];
}
