// The layers as a tree grid: one row a call, opened and closed by mouse or keyboard (WAI-ARIA's treegrid, row focus).
import type { LayerColumns, Scope } from "./data";
import { type Child, h, section } from "./h";
import { mark } from "./marks";
import { type Layer, openAtFirst, tree } from "./tree";

interface Column {
  head: string;
  cell: (layer: Layer) => Child;
  number?: boolean;
}

const DTYPE: Column = { head: "Dtype", cell: (layer) => h("code", {}, layer.dtype) };
const COLUMNS: Column[] = [
  { head: "Type", cell: (layer) => layer.type },
  { head: "Input", cell: (layer) => shapes(layer.inputs, layer.status) },
  { head: "Output", cell: (layer) => shapes(layer.outputs, layer.status) },
  DTYPE,
  { head: "Parameters", cell: (layer) => layer.params?.toLocaleString("en").replace(/^0$/, ""), number: true },
  { head: "Time", cell: (layer) => layer.seconds !== null && milliseconds(layer.seconds), number: true },
];

export function layers(columns: LayerColumns, _scope: Scope): HTMLElement {
  const all = tree(columns);
  const open = openAtFirst(all);
  // A dtype that all layers share is said once, and leaves its column's width to the shapes.
  const shared = all.every((layer) => layer.dtype === all[0]?.dtype) ? all[0]!.dtype : "";
  const shown = COLUMNS.filter((column) => column !== DTYPE || !shared);
  const rows = new Map(all.map((layer) => [layer, row(layer, shown)]));
  const visible = (layer: Layer): boolean => !layer.parent || (open.has(layer.parent) && visible(layer.parent));

  const refresh = () => {
    for (const [layer, element] of rows) {
      element.hidden = !visible(layer);
      if (layer.children.length) element.setAttribute("aria-expanded", String(open.has(layer)));
    }
  };
  const toggle = (layer: Layer, wanted = !open.has(layer)) => {
    if (!layer.children.length) return;
    if (wanted) open.add(layer);
    else open.delete(layer);
    refresh();
  };
  const focus = (layer: Layer | null | undefined) => {
    if (!layer) return;
    for (const element of rows.values()) element.tabIndex = -1;
    const target = rows.get(layer)!;
    target.tabIndex = 0;
    target.focus();
  };

  for (const [layer, element] of rows) {
    element.addEventListener("click", () => {
      if (getSelection()?.type === "Range") return; // a shape is being selected to copy
      toggle(layer);
      focus(layer);
    });
    element.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const reachable = all.filter(visible);
      const at = reachable.indexOf(layer);
      const steps: Record<string, () => void> = {
        ArrowDown: () => focus(reachable[at + 1]),
        ArrowUp: () => focus(reachable[at - 1]),
        ArrowRight: () => (layer.children.length && !open.has(layer) ? toggle(layer, true) : focus(layer.children[0])),
        ArrowLeft: () => (layer.children.length && open.has(layer) ? toggle(layer, false) : focus(layer.parent)),
        Home: () => focus(reachable[0]),
        End: () => focus(reachable.at(-1)),
        Enter: () => toggle(layer),
        " ": () => toggle(layer),
      };
      const step = steps[event.key];
      if (!step) return;
      // The notebook has shortcuts on the same keys: they would move between cells or open an editor.
      event.preventDefault();
      event.stopPropagation();
      step();
    });
  }
  const first = all[0] && rows.get(all[0]);
  if (first) first.tabIndex = 0;
  refresh();

  const heads = shown.map(({ head, number }) => h("th", { scope: "col", role: "columnheader", class: number && "number" }, head));
  return section(
    "Layers",
    [all.length, shared].filter(Boolean).join(" · "),
    h(
      "div",
      { class: "scroll tall" },
      h(
        "table",
        { role: "treegrid", "aria-label": "Layers", class: "layers" },
        h("thead", {}, h("tr", { role: "row" }, h("th", { scope: "col", role: "columnheader" }, "Layer"), heads)),
        h("tbody", {}, [...rows.values()]),
      ),
    ),
  );
}

function row(layer: Layer, columns: Column[]): HTMLTableRowElement {
  const siblings = layer.parent?.children;
  const name = h(
    "th",
    { role: "rowheader", scope: "row", title: layer.path, style: `--level:${layer.level - 1}` },
    h("span", { class: layer.children.length ? "twist" : "twist leaf", "aria-hidden": "true" }),
    h("code", {}, layer.name),
    layer.status !== "ok" && mark(layer.status),
  );
  return h(
    "tr",
    {
      role: "row",
      class: layer.status === "ok" ? "layer" : `layer ${layer.status.replace(" ", "-")}`,
      tabindex: -1,
      "aria-level": layer.level,
      "aria-posinset": siblings ? siblings.indexOf(layer) + 1 : null,
      "aria-setsize": siblings?.length,
    },
    name,
    columns.map(({ cell, number }) => h("td", { role: "gridcell", class: number && "number" }, cell(layer))),
  );
}

/** One shape a line where the layer failed, else the first and how many more. */
function shapes(all: string[], status: string): HTMLElement {
  if (status === "failed") return h("span", {}, all.map((shape) => h("code", { class: "line" }, shape)));
  const more = all.length > 1 && h("span", { class: "muted", title: all.join("\n") }, ` +${all.length - 1}`);
  return h("span", {}, h("code", {}, all[0] ?? ""), more);
}

function milliseconds(seconds: number): string {
  const spent = seconds * 1e3;
  return `${spent >= 100 ? spent.toFixed(0) : spent.toPrecision(2)} ms`;
}
