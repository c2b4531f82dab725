// What changed since the last check of the same cell.
import { h, section, sentence } from "./h";

export function changed(items: string[]): HTMLElement {
  return section("Since the last check of this cell", "", h("ul", {}, items.map((item) => h("li", {}, sentence(item)))));
}
