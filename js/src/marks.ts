// The marks of verdict, severity and status: a shape of its own for each, beside its word, never colour alone.
import { h } from "./h";

const SVG = "http://www.w3.org/2000/svg";
const SHAPES: Record<string, string> = {
  ok: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-1.1 10.2L3.9 8.2l1.1-1.1 1.9 1.9 4.1-4.1 1.1 1.1Z",
  error: "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Zm.9 3.9L4.9 6l2 2-2 2L6 11.1l2-2 2 2 1.1-1.1-2-2 2-2L10 4.9l-2 2Z",
  warning: "M8 1.2 15.4 14.5H.6ZM7.2 6v4.2h1.6V6Zm0 5.4V13h1.6v-1.6Z",
  advice: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM7.2 7v4.6h1.6V7Zm0-2.8v1.6h1.6V4.2Z",
  open: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z",
};
const KINDS: Record<string, string> = {
  pass: "ok",
  ok: "ok",
  warn: "warning",
  warning: "warning",
  advice: "advice",
  "not checked": "open",
  "not run": "open",
};

/** The word with its shape and colour; `fail`, `wrong`, `missing`, `failed` and whatever is unknown look like errors. */
export function mark(word: string, shown = word): HTMLElement {
  const kind = KINDS[word] ?? "error";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[kind]!);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return h("span", { class: `mark ${kind}` }, svg, h("span", {}, shown));
}
