// What the model takes against what it was given, tensor by tensor, with the axes that differ marked.
import { axes } from "./axes";
import type { Report, Side, Tensor } from "./data";
import { h } from "./h";
import { mark } from "./marks";

export function tensors(groups: Report["tensors"]): HTMLElement {
  const titles = groups.map((group) => group.title);
  const heads = [titles[0]!, "Status", "Side", "Shape", "Dtype", "Values"].map((head) => h("th", { scope: "col" }, head));
  // One table, so that the shapes of inputs, outputs and labels stand below one another.
  const bodies = groups.flatMap(({ title, rows }, index) => [index > 0 && heading(title), ...rows.map(body)]);
  const table = h("table", { class: "tensors", "aria-label": titles.join(", ") }, h("thead", {}, h("tr", {}, heads)), bodies);
  return h("section", {}, h("div", { class: "scroll" }, table));
}

function heading(title: string): HTMLElement {
  return h("tbody", { class: "group" }, h("tr", {}, h("th", { scope: "rowgroup", colspan: 6 }, title)));
}

function body(tensor: Tensor): HTMLElement {
  const source = tensor.from && h("span", { class: "from muted" }, "from ", h("code", {}, tensor.from));
  return h(
    "tbody",
    {},
    h(
      "tr",
      {},
      h("th", { scope: "rowgroup", rowspan: 2 }, h("code", {}, tensor.name), source),
      h("td", { rowspan: 2 }, mark(tensor.status)), // here, to be in sight in a narrow output
      h("td", { class: "muted" }, "expected"),
      side(tensor.expected),
    ),
    h("tr", {}, h("td", { class: "muted" }, "actual"), side(tensor.actual)),
  );
}

function side(found: Side | string): HTMLElement[] {
  if (typeof found === "string") return [h("td", { colspan: 3, class: "muted absent" }, found)];
  return [
    h("td", {}, shape(found.shape)),
    h("td", {}, h("code", {}, found.dtype)),
    h("td", { class: "values" }, found.values),
  ];
}

function shape(pieces: Side["shape"]): HTMLElement {
  return h("code", { class: "shape" }, pieces.map(([text, differs]) => (differs ? h("mark", {}, axes(text)) : axes(text))).flat());
}
