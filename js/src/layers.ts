// The whole model, layer by layer: a tree grid with a filter above it, and below it all there is to say of one row.
import { axes } from "./axes";
import type { LayerColumns, Scope } from "./data";
import { type Child, h, section } from "./h";
import { mark } from "./marks";
import { type Layer, matches, openAtFirst, tree, upwards } from "./tree";
import { type TreeGrid, treegrid } from "./treegrid";

interface Column {
  head: string;
  widest: number; // characters
  text: (layer: Layer) => string;
  cell?: (layer: Layer) => Child[];
  number?: boolean;
}

export function layers(columns: LayerColumns, scope: Scope): HTMLElement {
  const all = tree(columns);
  let words: string[] = []; // of the filter
  const dtypes = [...new Set(all.map((layer) => layer.dtype).filter(Boolean))];
  const timed = all.some((layer) => layer.seconds !== null);
  const idle = all.filter((layer) => layer.status === "not run").length;

  const shown: Column[] = [
    { head: "Layer", widest: 36, text: (layer) => indented(layer), cell: (layer) => name(layer, words) },
    { head: "Type", widest: 24, text: (layer) => layer.type, cell: (layer) => marked(layer.type, words) },
    // A dtype that all layers share is said once, and leaves its column's width to the shapes.
    ...(dtypes.length > 1 ? [{ head: "Dtype", widest: 12, text: (layer: Layer) => layer.dtype }] : []),
    { head: "Parameters", widest: 14, text: parameters, number: true },
    ...(timed ? [{ head: "Time", widest: 9, text: time, cell: timeCell, number: true }] : []),
    { head: "Input", widest: 38, text: (layer) => first(layer.inputs), cell: (layer) => shapes(layer.inputs) },
    { head: "Output", widest: 38, text: (layer) => first(layer.outputs), cell: (layer) => shapes(layer.outputs) },
  ];
  const width = ({ head, widest, text }: Column, index: number) => {
    const most = all.reduce((found, layer) => Math.max(found, text(layer).length), head.length);
    const wide = `${Math.min(most, widest) + 2}ch`;
    // The names stay while the rest is scrolled sideways, and leave room for it.
    return index ? (head === "Time" ? `calc(${wide} + 46px)` : wide) : `minmax(min(${wide},52cqi),1fr)`;
  };

  // Of one height, whatever the row under the mouse has to say: the notebook below must not move.
  const lines = all.reduce((most, { inputs, outputs }) => Math.max(most, inputs.length, outputs.length), 1);
  const style = `--lines:${Math.min(lines, 8)}`;
  const about = h("div", { class: "about", role: "group", "aria-label": "The layer in focus", tabindex: 0, style });
  const open = openAtFirst(all);
  const failed = all.filter((layer) => layer.status === "failed").at(-1);
  const grid = treegrid(
    {
      all,
      open,
      current: failed ?? all[0]!,
      columns: shown.map(width).join(" "),
      heads: shown.map(({ head, number }) => h("span", { role: "columnheader", class: number && "number" }, head)),
      cells: (layer) =>
        shown.map(({ text, cell, number }, index) =>
          h("span", { role: index ? "gridcell" : "rowheader", class: number && "number" }, cell ? cell(layer) : text(layer)),
        ),
      about: (layer) => about.replaceChildren(...details(layer)),
    },
    scope,
  );
  about.append(...details(grid.current()));

  const note = [
    String(all.length),
    dtypes.length === 1 && dtypes[0],
    idle && `${idle} not run`,
    timed ? "time of the rows run" : "not timed: the device works asynchronously",
  ];
  return section(
    "Layers",
    note.filter(Boolean).join(" · "),
    filter(all, open, grid, (now) => (words = now)),
    grid.element,
    about,
  );
}

/** A search field: while it holds words, only the layers that have them are listed, with those above them. */
function filter(all: Layer[], open: Set<Layer>, grid: TreeGrid, use: (words: string[]) => void): HTMLElement {
  const field = h("input", { type: "search", placeholder: "Filter layers", "aria-label": "Filter layers", spellcheck: "false" });
  const count = h("span", { role: "status", class: "muted" });
  let before: Layer | null = null; // the row that was current when the filter was begun
  let chosen = false; // whether the user went to a row since
  grid.element.addEventListener("focusin", () => (chosen = true));
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    use(words);
    if (!words.length) {
      if (!before) return;
      // A row that was found and gone to stays the current one, with the way to it open.
      const to = chosen ? grid.current() : before;
      if (chosen) for (const above of upwards(to.parent)) open.add(above);
      grid.show(null, open, to);
      before = null;
      count.textContent = "";
    } else {
      const found = matches(all, words);
      const kept = new Set(found.flatMap(upwards));
      if (!before) [before, chosen] = [grid.current(), false];
      grid.show(kept, new Set(kept), found.includes(grid.current()) ? grid.current() : (found[0] ?? before));
      count.textContent = found.length ? `${found.length} of ${all.length}` : "No layer has this in its path or type.";
    }
  };
  field.addEventListener("input", apply);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has shortcuts on single letters
    if (event.key !== "Escape" || !field.value) return;
    event.preventDefault();
    field.value = "";
    apply();
  });
  return h("div", { class: "filter" }, field, count);
}

function indented(layer: Layer): string {
  return " ".repeat(layer.level * 2 + 2) + layer.name + (layer.status === "ok" ? "" : `   ${layer.status}`);
}

function name(layer: Layer, words: string[]): Child[] {
  return [
    h("span", { class: "twist", "aria-hidden": "true", style: `--level:${layer.level - 1}` }),
    h("code", {}, marked(layer.name, words)),
    status(layer.status),
  ];
}

/** The innermost layer that failed has the mark; those above it failed because of it, and say only that. */
function status(status: string): Child {
  if (status === "ok") return null;
  return status === "failed inside" ? h("span", { class: "way" }, status) : mark(status);
}

/** The text with the filter's words marked. */
function marked(text: string, words: string[]): Child[] {
  const found = words.map((word) => word.replace(/[^\w\s]/g, "\\$&")).join("|");
  if (!found) return [text];
  return text.split(new RegExp(`(${found})`, "gi")).map((piece, index) => (index % 2 ? h("mark", { class: "hit" }, piece) : piece));
}

/** The one place where a shape is written. */
function shape(text: string): HTMLElement {
  return h("code", { class: "shape" }, axes(text));
}

function first(all: string[]): string {
  return (all[0] ?? "") + (all.length > 1 ? ` +${all.length - 1}` : "");
}

function shapes(all: string[]): Child[] {
  return [all[0] ? shape(all[0]) : null, all.length > 1 && h("span", { class: "muted" }, ` +${all.length - 1}`)];
}

function parameters(layer: Layer): string {
  return layer.params?.toLocaleString("en").replace(/^0$/, "") ?? "";
}

function time({ seconds }: Layer): string {
  if (seconds === null) return "";
  const spent = seconds * 1e3;
  return `${spent >= 100 ? spent.toFixed(0) : spent.toPrecision(2)} ms`;
}

function timeCell(layer: Layer): Child[] {
  if (layer.share === null) return [time(layer)];
  const bar = h("span", { class: "bar", "aria-hidden": "true", style: `--share:${layer.share.toFixed(3)}` });
  return [h("span", { class: "time", title: percent(layer.share) }, bar, time(layer))];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} % of the whole`;
}

/** All there is to say of a layer, every shape on a line of its own. */
function details(layer: Layer): HTMLElement[] {
  const count = parameters(layer);
  const spent = time(layer) + (layer.share === null ? "" : ` (${percent(layer.share)})`);
  const facts = [layer.type, layer.dtype, count && `${count} parameters`, spent].filter(Boolean).join(" · ");
  const list = (what: string, found: string[]) =>
    found.length > 0 &&
    h("div", {}, h("dt", { class: "muted" }, found.length > 1 ? `${what}s` : what), found.map((text) => h("dd", {}, shape(text))));
  return [
    h("p", {}, h("code", { class: "path" }, layer.path), " ", h("span", { class: "muted" }, facts), " ", status(layer.status)),
    h("dl", {}, list("Input", layer.inputs), list("Output", layer.outputs)),
  ];
}
