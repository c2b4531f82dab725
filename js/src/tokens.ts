// The tokens of the batch: a grid of what stands at each position, and the same as a table. Asked for when in sight.
import type { Grid, Report, Scope } from "./data";
import { h, section } from "./h";
import { type Box, type Pens, drawCell, drawRuns, drawTypes, factsAt, rowFacts } from "./tokencells";
import { tokenGrid } from "./tokengrid";
import type { At } from "./tokenpaint";
import { tokenTable } from "./tokentable";

const NEAR = "600px"; // how far below what is in sight the tokens are asked for
const PAUSE = 150; // milliseconds that a key rests before the cell is read out

export function tokens(summary: NonNullable<Report["tokens"]>, scope: Scope): HTMLElement {
  const { rows, of } = summary;
  const place = h("div", { style: `min-height: ${Math.min(480, 120 + 14 * rows)}px` });
  const note = rows < of ? `${counted(rows)} of ${counted(of)} rows: those that findings name, and the first of the others` : "";
  const part = section("Tokens", note, place);
  part.classList.add("tokens");

  const load = async () => {
    const waiting = h("p", { class: "muted", role: "status" }, "Waiting for the kernel, which sends the tokens once it is free.");
    place.replaceChildren(waiting);
    let grid: Grid;
    try {
      ({ grid } = await scope.ask({ type: "tokens" }));
    } catch {
      if (scope.signal.aborted) return;
      const again = h("button", { type: "button" }, "Ask again");
      again.addEventListener("click", load);
      waiting.textContent = "The kernel does not answer: it is busy, or gone.";
      place.append(again);
      return;
    }
    if (scope.signal.aborted) return;
    const start = performance.now();
    const { elements, draw } = view(grid, scope.signal);
    place.replaceWith(...elements);
    if (draw()) performance.measure("bertmagic tokens", { start });
  };
  const near = new IntersectionObserver(
    (seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      load();
    },
    { rootMargin: NEAR, scrollMargin: NEAR } as IntersectionObserverInit, // of the page, and of the notebook in it
  );
  near.observe(place);
  scope.signal.addEventListener("abort", () => near.disconnect());
  return part;
}

function view(grid: Grid, signal: AbortSignal): { elements: HTMLElement[]; draw: () => boolean } {
  const detail = h("p", { class: "cell-facts" }, "Point at a cell, or move through the cells with the arrow keys.");
  const spoken = h("p", { class: "spoken", "aria-live": "polite" });
  const size = h("button", { type: "button", "aria-pressed": "false" }, grid.pieces ? "Token text" : "Token ids");
  const asTable = h("button", { type: "button", "aria-pressed": "false" }, "As a table");
  const table = tokenTable(grid);
  table.element.hidden = true;
  const summary = described(grid);
  const swatches = legend(grid);
  let last: At = [0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (at: At | null) => {
    if (!at) return;
    const facts = about(grid, at).map(([name, value]) =>
      h("span", {}, h("span", { class: "muted" }, name), " ", h(name === "Token" ? "code" : "b", {}, value)),
    );
    detail.replaceChildren(...facts);
  };
  const follow = () => {
    if (!table.element.hidden) table.show(...last);
  };
  const cells = tokenGrid(
    grid,
    `${summary}. The arrow keys move through the cells.`,
    {
      pointed: tell,
      moved(at) {
        tell(at);
        last = at;
        clearTimeout(timer);
        // While a key is held down nothing is said.
        timer = setTimeout(() => {
          spoken.textContent = about(grid, at, true).map(([name, value]) => `${name} ${value}`).join(", ");
          follow();
        }, PAUSE);
      },
      styled(pens, reading) {
        size.setAttribute("aria-pressed", String(reading));
        swatches.draw(pens, reading);
      },
    },
    signal,
  );
  signal.addEventListener("abort", () => clearTimeout(timer));
  size.addEventListener("click", () => cells.draw(size.getAttribute("aria-pressed") === "false"));
  asTable.addEventListener("click", () => {
    table.element.hidden = !table.element.hidden;
    asTable.setAttribute("aria-pressed", String(!table.element.hidden));
    follow();
  });
  // Why there are ids in place of tokens.
  const textless = grid.pieces ? [] : [" Ids only: no tokenizer was found, or ", h("code", {}, "--no-text"), " was given."];
  const bar = h("div", { class: "tools" }, size, asTable, h("span", { class: "muted" }, `${summary}.`, textless));
  const elements = [bar, swatches.element, cells.element, detail, spoken, table.element];
  return { elements, draw: () => cells.draw(null) };
}

/** A cell's facts with its row's; `spoken`: what matters most to those who only hear it stands first. */
function about(grid: Grid, [line, position]: At, spoken = false): [string, string][] {
  const [facts, row] = [factsAt(grid, line, position), rowFacts(grid, line)];
  return spoken ? [...facts.slice(1), facts[0]!, ...row] : [...row, ...facts];
}

type Draw = (context: CanvasRenderingContext2D, box: Box, pens: Pens, reading: boolean) => void;

/** What occurs in the batch, with what it looks like, and how often. */
function legend(grid: Grid): { element: HTMLElement; draw: (pens: Pens, reading: boolean) => void } {
  const times = (values: number[] | null) => {
    const found: number[] = [];
    for (let at = 0; at < (values?.length ?? 0); at++) found[values![at]!] = (found[values![at]!] ?? 0) + 1;
    return found;
  };
  const kinds = times(grid.kinds);
  const [zeros = 0, ones = 0] = times(grid.types);
  const others = (grid.types?.length ?? 0) - zeros - ones;
  const line = (type: number): Draw => (context, [x, y, width, height], pens) =>
    drawTypes(context, type, [[x, y + height - 2 * pens.scale, width, 2 * pens.scale]], pens);
  const draw = (kind: string): Draw => (context, box, pens, reading) =>
    reading ? drawCell(context, kind, box, pens) : drawRuns(context, kind, [box], pens);
  const entries: [string, number | undefined, Draw][] = [
    ...grid.legend.map((kind, index) => [kind, kinds[index], draw(kind)] as [string, number | undefined, Draw]),
    ["token type 1", ones, line(1)],
    ["other token types", others, line(2)],
  ];
  const swatches: [HTMLCanvasElement, Draw][] = [];
  const items = entries.map(([name, count, draw]) => {
    if (!count) return;
    const canvas = h("canvas", { "aria-hidden": "true" });
    swatches.push([canvas, draw]);
    return h("li", {}, canvas, name, h("span", { class: "muted" }, ` ${counted(count)}`));
  });
  const cut = h("li", {}, "… text truncated", h("span", { class: "muted" }, ` ${plural(grid.cut.length, "row")}`));
  return {
    element: h("ul", { class: "legend", "aria-label": "Cells of each kind" }, items, grid.cut.length > 0 && cut),
    draw(pens, reading) {
      pens.shift(0, 0);
      for (const [canvas, draw] of swatches) {
        [canvas.width, canvas.height] = [Math.round(22 * pens.scale), Math.round(12 * pens.scale)];
        const context = canvas.getContext("2d");
        if (context) draw(context, [0, 0, canvas.width, canvas.height], pens, reading);
      }
    },
  };
}

function described({ rows, seq, kinds, legend, named }: Grid): string {
  const kind = legend.indexOf("attended padding");
  const attended = rows.filter((_, line) => kinds.slice(line * seq, (line + 1) * seq).includes(kind)).length;
  return [
    `${plural(rows.length, "row")}, ${plural(seq, "position")}`,
    attended && `${plural(attended, "row has", "rows have")} padding that is attended`,
    named && `${plural(named, "row is", "rows are")} named by a finding`,
  ]
    .filter(Boolean)
    .join("; ");
}

const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const plural = (count: number, one: string, many = `${one}s`): string => `${counted(count)} ${count === 1 ? one : many}`;
