// The readable twin of the grid: one row of the batch as a table, for screen readers and to copy from.
import type { Grid } from "./data";
import { h } from "./h";
import { factsAt, rowFacts } from "./tokencells";

const PAGE = 512; // positions at once

export interface TokenTable {
  element: HTMLElement;
  show(line: number, position?: number): void;
}

export function tokenTable(grid: Grid): TokenTable {
  const parts = Math.ceil(grid.seq / PAGE);
  const title = h("p", { "aria-live": "polite" });
  const place = h("div", { class: "scroll tall", role: "region", "aria-label": "Tokens of one row", tabindex: 0 });
  const before = h("button", { type: "button" }, "Previous");
  const after = h("button", { type: "button" }, "Next");
  let page = -1;

  const turn = (wanted: number) => {
    if (wanted === page || wanted < 0 || wanted >= grid.rows.length * parts) return;
    page = wanted;
    const line = Math.floor(page / parts);
    const from = (page % parts) * PAGE;
    const to = Math.min(grid.seq, from + PAGE);
    const rows = Array.from({ length: to - from }, (_, index) => factsAt(grid, line, from + index));
    const of = rowFacts(grid, line).map(([name, value]) => `${name} ${value}`);
    const caption = [...of, `positions ${from} to ${to - 1}`].join(", ");
    title.textContent = caption;
    before.disabled = page === 0;
    after.disabled = page === grid.rows.length * parts - 1;
    const heads = rows[0]!.map(([name]) => h("th", { scope: "col" }, name));
    const body = rows.map((facts) =>
      h("tr", {}, facts.map(([, value], column) => (column ? h("td", {}, value) : h("th", { scope: "row" }, value)))),
    );
    place.scrollTop = 0;
    place.replaceChildren(
      h("table", { "aria-label": caption }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, body)),
    );
  };
  before.addEventListener("click", () => turn(page - 1));
  after.addEventListener("click", () => turn(page + 1));
  return {
    element: h("div", { class: "twin" }, h("div", { class: "tools" }, before, after, title), place),
    show: (line, position = 0) => turn(line * parts + Math.floor(position / PAGE)),
  };
}
