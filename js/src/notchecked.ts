// What could not be seen, and why; and bertmagic's own failures, which are never the cell's.
import { h, section, sentence } from "./h";

export function notChecked(items: [string, string][], failures: string[]): HTMLElement {
  return section(
    "Not checked",
    "",
    h(
      "dl",
      {},
      items.flatMap(([what, why]) => [h("dt", {}, sentence(what)), h("dd", { class: "muted" }, sentence(why))]),
      failures.flatMap((failure) => [h("dt", {}, "bertmagic’s own failure"), h("dd", { class: "muted" }, failure)]),
    ),
  );
}
