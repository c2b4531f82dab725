// The batch on a canvas that is as large as what is in sight of it, in a scroller that is as large as the batch.
import type { Grid } from "./data";
import { h } from "./h";
import { type Pens, makePens } from "./tokencells";
import { type At, type Layout, painter } from "./tokenpaint";

export interface Listeners {
  /** A cell is pointed at; where none is, the one that the keyboard is on. */
  pointed(at: At | null): void;
  /** A cell is moved to by key or click. */
  moved(at: At): void;
  /** The colours, the scale or the size of the cells changed. */
  styled(pens: Pens, reading: boolean): void;
}

export interface TokenGrid {
  element: HTMLElement;
  /** Paints where the panel is laid out; `reading`: with the tokens in the cells, null to choose by the width. */
  draw(reading: boolean | null): boolean;
}

const SETTLING = [0, 100, 400]; // milliseconds after which colours are read anew
const READABLE = 2; // a batch of at most so many widths of the panel is shown with its tokens at first

export function tokenGrid(grid: Grid, label: string, on: Listeners, signal: AbortSignal): TokenGrid {
  const { rows, seq } = grid;
  const canvas = h("canvas", { "aria-hidden": "true" });
  const spacer = h("div", {}, canvas);
  // An application: the roles grid and table need rows and cells in the page, and an image takes no keys. What the
  // canvas shows is told by this label, by the line below that is read out on every move, and by the table.
  const scroller = h("div", { class: "scroll grid", tabindex: 0, role: "application", "aria-label": label }, spacer);
  const probe = h("span");
  // Its width changes with the panel's alone. Its colours are in transition when they change, whatever changed them: a
  // theme's style sheet, the system's scheme or its high contrast.
  const watch = h("div", { class: "watch", "aria-hidden": "true" }, probe);
  const element = h("div", {}, watch, scroller);
  const context = canvas.getContext("2d", { alpha: false });
  const paints = context && painter(grid, context);
  let at: Layout | null = null;
  let reading: boolean | null = null;
  let [scale, width, frame] = [1, 0, 0];
  let stale = false; // the colours are
  let cursor: At | null = null;
  let hover: At | null = null;

  const px = (size: number) => Math.round(size * scale);
  const layout = () => {
    width = watch.clientWidth;
    if (!paints || !width) return false;
    scale = devicePixelRatio;
    stale = false;
    reading ??= seq * 72 <= READABLE * width;
    const pens = makePens(probe, scale);
    const families = [scroller, canvas].map((each) => getComputedStyle(each).fontFamily) as [string, string];
    at = paints.layout(pens, families, reading, width, (height) => {
      spacer.style.height = `${Math.ceil(height)}px`;
      return scroller.clientWidth;
    });
    spacer.style.width = `${(at.head + Math.floor(seq * at.cell)) / scale}px`;
    on.styled(pens, reading);
    paint();
    return true;
  };
  const paint = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!at || !scroller.clientWidth) return;
    if (stale || scale !== devicePixelRatio) return void layout();
    const size = { width: px(scroller.clientWidth), height: px(scroller.clientHeight) };
    if (canvas.width !== size.width || canvas.height !== size.height) {
      Object.assign(canvas, size);
      canvas.style.width = `${size.width / scale}px`;
      canvas.style.height = `${size.height / scale}px`;
    }
    paints!.paint({ ...size, left: px(scroller.scrollLeft), top: px(scroller.scrollTop), cursor, hover });
  };
  const schedule = () => {
    frame ||= requestAnimationFrame(paint);
  };

  const reveal = ([line, position]: At) => {
    if (!at) return;
    const [wide, high] = [px(scroller.clientWidth) - at.head, px(scroller.clientHeight)];
    const [x, y] = [position * at.cell, at.top(line)];
    const heading = line === 0 || line === grid.named ? at.band : 0; // comes into sight with the row below it
    const left = Math.min(x, Math.max(px(scroller.scrollLeft), x + at.cell - wide));
    const top = Math.min(y - at.ruler - heading, Math.max(px(scroller.scrollTop), y + at.row - high));
    scroller.scrollTo(left / scale, top / scale);
  };
  const move = (line: number, position: number) => {
    const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
    cursor = [within(line, rows.length), within(position, seq)];
    reveal(cursor);
    schedule();
    on.moved(cursor);
  };
  const under = (event: MouseEvent): At | null => {
    if (!at) return null;
    const corner = scroller.getBoundingClientRect();
    const grown = scroller.offsetWidth / corner.width; // other than 1 where the page itself scales the panel
    const [x, y] = [px((event.clientX - corner.left) * grown), px((event.clientY - corner.top) * grown)];
    const below = y + px(scroller.scrollTop);
    const [line, position] = [at.line(below), Math.floor((x + px(scroller.scrollLeft) - at.head) / at.cell)];
    if (x < at.head || y < at.ruler || line < 0 || line >= rows.length || position >= seq) return null;
    return below >= at.top(line) && below < at.top(line) + at.row ? [line, position] : null;
  };
  const point = (found: At | null) => {
    if (String(found) === String(hover)) return;
    hover = found;
    schedule();
    on.pointed(found ?? cursor);
  };

  scroller.addEventListener("scroll", schedule, { passive: true });
  scroller.addEventListener("pointermove", (event) => point(under(event)), { passive: true });
  scroller.addEventListener("pointerleave", () => point(null));
  scroller.addEventListener("click", (event) => {
    const found = under(event);
    if (found) move(...found);
  });
  scroller.addEventListener("focus", () => {
    cursor ??= [0, 0];
    on.pointed(cursor);
    schedule();
  });
  scroller.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave(scroller);
    if (event.altKey || event.metaKey || event.shiftKey || !at) return;
    const [line, position] = cursor ?? [0, 0];
    const page = Math.max(1, Math.floor((px(scroller.clientHeight) - at.ruler) / at.row) - 1);
    const all = event.ctrlKey ? rows.length : 0;
    const by = {
      Home: [-all, -seq],
      End: [all, seq],
      ...(!event.ctrlKey && {
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        PageUp: [-page, 0],
        PageDown: [page, 0],
      }),
    }[event.key];
    if (!by) return;
    // The notebook has shortcuts on the same keys.
    event.preventDefault();
    event.stopPropagation();
    move(line + by[0]!, position + by[1]!);
  });

  const sized = new ResizeObserver(() => {
    if (watch.clientWidth !== width) layout();
  });
  sized.observe(watch);
  window.addEventListener("resize", schedule, { signal }); // a zoom may leave the panel as wide as it was
  const restyle = () => {
    stale = true;
    schedule();
  };
  // A theme's name changes before its style sheet has come and the old one's has gone: a transition may end in between.
  const settle = () => SETTLING.forEach((wait) => setTimeout(restyle, wait));
  watch.addEventListener("transitionend", settle);
  const themed = new MutationObserver(settle);
  themed.observe(document.body, { attributes: true });
  // What is out of the page, as a notebook's cells out of sight are, has no transitions.
  const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && restyle());
  seen.observe(scroller);
  signal.addEventListener("abort", () => {
    sized.disconnect();
    seen.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
    canvas.width = 0; // its memory is given back before the garbage is collected
  });

  return {
    element,
    draw(wanted) {
      // The cell that the keyboard is on stays in sight, else the first that is.
      const kept = at && (cursor ?? [at.line(px(scroller.scrollTop) + at.ruler), Math.ceil(px(scroller.scrollLeft) / at.cell)]);
      reading = wanted;
      if (!layout()) return false;
      if (kept) reveal([Math.max(0, kept[0]!), kept[1]!]);
      return true;
    },
  };
}

/** Escape gives the keys back to the notebook: its cell, where there is one around the panel. */
function leave(scroller: HTMLElement): void {
  const { host } = scroller.getRootNode() as ShadowRoot;
  scroller.blur();
  host?.closest<HTMLElement>("[tabindex]")?.focus({ preventScroll: true });
}
