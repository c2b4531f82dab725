// The rows of a tree as a tree grid (WAI-ARIA's treegrid, row focus), of which only those near the visible part are in
// the page. All rows are of one height, so that this is a division, and needs no library of virtual lists.
import type { Scope } from "./data";
import { type Child, h } from "./h";
import type { Layer } from "./tree";

export const ROW = 22; // pixels
const HEIGHT = 440; // of the grid at most, as in layers.css
const NEAR = 10; // rows beyond the visible part
const PAGE = 16; // rows that PageUp and PageDown go

export interface TreeGrid {
  element: HTMLElement;
  current(): Layer;
  /** Show the rows of `kept` alone, all where null; those of `open` are open, and `to` can be reached by Tab. */
  show(kept: Set<Layer> | null, open: Set<Layer>, to: Layer): void;
}

export interface Drawn {
  all: Layer[];
  open: Set<Layer>;
  current: Layer; // has the focus when the grid is first entered, and is in sight
  columns: string; // CSS widths
  heads: HTMLElement[];
  cells: (layer: Layer) => Child[];
  about: (layer: Layer) => void; // told of the row in focus, and of the row under the mouse
}

export function treegrid(drawn: Drawn, { signal }: Scope): TreeGrid {
  const { all, cells, about } = drawn;
  let { open, current } = drawn;
  let kept: Set<Layer> | null = null;
  let shown: Layer[] = []; // whether in the page or out of sight
  let places = new Map<Layer, number>();
  let top = 0;
  const rows = new Map<Layer, HTMLElement>(); // those in the page

  const head = h("div", { role: "row", class: "cells", "aria-rowindex": 1 }, drawn.heads);
  const body = h("div", { role: "rowgroup", class: "rows" });
  const grid = h("div", { role: "treegrid", "aria-label": "Layers", class: "layers", style: `--columns:${drawn.columns}` });
  grid.append(h("div", { role: "rowgroup", class: "heads" }, head), body);
  const element = h("div", { class: "scroll tall" }, grid);

  const among = (layers: Layer[]) => (kept ? layers.filter((layer) => kept!.has(layer)) : layers);
  const roots = all.filter((layer) => !layer.parent);
  const siblings = (layer: Layer) => among(layer.parent?.children ?? roots);

  /** What is open has changed: list what shows, and draw. */
  const list = () => {
    shown = [];
    const add = (layer: Layer) => {
      shown.push(layer);
      if (open.has(layer)) among(layer.children).forEach(add);
    };
    among(roots).forEach(add);
    places = new Map(shown.map((layer, index) => [layer, index]));
    body.style.height = `${shown.length * ROW}px`;
    grid.setAttribute("aria-rowcount", String(shown.length + 1));
    paint();
  };

  /** Have the rows near the visible part in the page, and the current one, which may have the focus, wherever it is. */
  const paint = () => {
    const first = Math.max(0, Math.floor(top / ROW) - NEAR);
    const wanted = shown.slice(first, first + Math.ceil(HEIGHT / ROW) + 2 * NEAR);
    const at = places.get(current);
    if (at !== undefined && at < first) wanted.unshift(current);
    else if (at !== undefined && at >= first + wanted.length) wanted.push(current);
    const staying = new Set(wanted);
    for (const [layer, row] of rows) {
      if (staying.has(layer)) continue;
      rows.delete(layer);
      row.remove();
    }
    let next = body.firstElementChild;
    for (const layer of wanted) {
      const row = rows.get(layer) ?? h("div", { role: "row", class: `cells layer at-${layer.status.replace(" ", "-")}` }, cells(layer));
      rows.set(layer, row);
      place(layer, row);
      // A row that stays is never moved: moving it would take the focus from it.
      if (row === next) next = next.nextElementSibling;
      else body.insertBefore(row, next);
    }
  };

  const place = (layer: Layer, row: HTMLElement) => {
    const at = places.get(layer)!;
    const beside = siblings(layer);
    row.style.top = `${at * ROW}px`;
    row.tabIndex = layer === current ? 0 : -1;
    const states = {
      "aria-rowindex": at + 2, // the head is row 1
      "aria-level": layer.level,
      "aria-posinset": beside.indexOf(layer) + 1,
      "aria-setsize": beside.length,
    };
    for (const [name, value] of Object.entries(states)) row.setAttribute(name, String(value));
    if (among(layer.children).length) row.setAttribute("aria-expanded", String(open.has(layer)));
    else row.removeAttribute("aria-expanded");
  };

  const toggle = (layer: Layer, wanted = !open.has(layer)) => {
    if (!among(layer.children).length) return;
    if (wanted) open.add(layer);
    else open.delete(layer);
    list();
  };
  const become = (layer: Layer) => {
    current = layer;
    about(layer);
    paint();
  };
  const focus = (layer: Layer | null | undefined) => {
    if (!layer || !places.has(layer)) return;
    become(layer);
    const row = rows.get(layer)!;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const rowOf = (event: Event) => {
    for (const [layer, row] of rows) if (row.contains(event.target as Node)) return layer;
    return undefined;
  };

  body.addEventListener("click", (event) => {
    const layer = rowOf(event);
    if (!layer || getSelection()?.type === "Range") return; // a shape is being selected to copy
    focus(layer);
    toggle(layer);
  });
  body.addEventListener("focusin", (event) => {
    const layer = rowOf(event);
    if (layer && layer !== current) become(layer);
  });
  body.addEventListener("pointerover", (event) => about(rowOf(event) ?? current));
  body.addEventListener("pointerleave", () => about(current));
  body.addEventListener("keydown", (event) => {
    const layer = rowOf(event);
    if (!layer || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = places.get(layer)!;
    const below = among(layer.children);
    const steps: Record<string, () => void> = {
      ArrowDown: () => focus(shown[at + 1]),
      ArrowUp: () => focus(shown[at - 1]),
      ArrowRight: () => (below.length && !open.has(layer) ? toggle(layer) : focus(below[0])),
      ArrowLeft: () => (below.length && open.has(layer) ? toggle(layer) : focus(layer.parent)),
      Home: () => focus(shown[0]),
      End: () => focus(shown.at(-1)),
      PageDown: () => focus(shown[Math.min(at + PAGE, shown.length - 1)]),
      PageUp: () => focus(shown[Math.max(at - PAGE, 0)]),
      "*": () => {
        for (const each of siblings(layer)) if (among(each.children).length) open.add(each);
        list();
      },
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

  element.addEventListener("scroll", () => {
    top = element.scrollTop;
    paint();
  });
  // What is not laid out cannot be scrolled, and loses its place: a notebook takes cells out of sight from the page.
  const restore = () => {
    if (element.clientHeight) element.scrollTop = top;
  };
  const observer = new ResizeObserver(restore);
  observer.observe(element);
  element.addEventListener("pointerenter", restore);
  signal.addEventListener("abort", () => observer.disconnect());

  list();
  top = Math.max(0, Math.min((places.get(current) ?? 0) * ROW - HEIGHT / 2, (shown.length + 1) * ROW - HEIGHT));
  paint();

  return {
    element,
    current: () => current,
    show(which, opened, to) {
      [kept, open, current] = [which, opened, to];
      rows.clear();
      body.replaceChildren();
      list();
      top = Math.max(0, (places.get(to) ?? 0) * ROW - HEIGHT / 2);
      element.scrollTop = top;
      top = element.scrollTop; // as far as it could be scrolled
      about(to);
      paint();
    },
  };
}
