// Paints what is in sight of the batch: cells, row headers that stay at left, positions that stay on top.
import type { Grid } from "./data";
import { type Box, type Pens, STRIP, drawCell, drawRuns, drawTypes, kindAt, tokenAt } from "./tokencells";

export type At = [line: number, position: number];

/** Sizes in device pixels, so that edges are sharp at any zoom. */
export interface Layout {
  reading: boolean;
  cell: number; // the width of a position; not whole where the batch is as wide as the panel
  row: number; // the height of a line
  box: number; // of it, the cell
  head: number; // the width of the row headers
  label: number; // where in them the label begins
  ruler: number; // the height of the positions
  band: number; // the height of a group's heading
  top(line: number): number;
  line(y: number): number;
}

/** What is in sight, and which cells are marked. */
export interface Sight {
  left: number;
  top: number;
  width: number;
  height: number;
  cursor: At | null;
  hover: At | null;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export function painter(grid: Grid, context: CanvasRenderingContext2D) {
  const { rows, seq, named } = grid;
  const cut = new Set(grid.cut);
  let pens: Pens;
  let at: Layout;
  let mark = 0; // the width between a row's number and its label, for the mark of a truncated text
  let fonts = "";
  let mono = "";
  let clipToken = (text: string) => text;
  let clipLabel = clipToken;

  const px = (size: number) => Math.round(size * pens.scale);
  const write = (size: number, family = fonts, weight = "") => {
    context.font = `${weight} ${px(size)}px ${family}`;
  };
  const fill = (ink: string, ...box: Box) => {
    context.fillStyle = ink;
    context.fillRect(...box);
  };
  const text = (ink: string, written: string, x: number, y: number) => {
    context.fillStyle = ink;
    context.fillText(written, x, y);
  };
  /** The width of the widest. */
  const widest = (texts: string[]) =>
    [...new Set(texts)].reduce((most, each) => Math.max(most, Math.ceil(context.measureText(each.slice(0, 40)).width)), 0);

  /**
   * `families`: of the panel's fonts, and of its code's; `width`: of the panel; `inner`: what of it a scroll bar leaves
   * beside so many pixels of height.
   */
  const layout = (
    wanted: Pens,
    families: [string, string],
    reading: boolean,
    width: number,
    inner: (height: number) => number,
  ): Layout => {
    pens = wanted;
    [fonts, mono] = families;
    write(11, fonts, "bold");
    mark = px(cut.size ? 18 : 8);
    const label = px(8) + widest([String(rows.reduce((most, each) => Math.max(most, each)))]) + mark;
    const room = Math.min(px(Math.min(96, width / 5)), widest(grid.rowLabels ?? []));
    clipLabel = clipper(context, room);
    const [row, band, ruler] = [px(reading ? 24 : 14), px(22), px(18)];
    const groups = (line: number) => (named ? (named < rows.length && line >= named ? 2 : 1) : 0);
    const top = (line: number) => ruler + line * row + groups(line) * band;
    const line = (y: number) => {
      const found = Math.floor((y - top(0)) / row);
      return named && found >= named ? Math.max(named - 1, named + Math.floor((y - top(named)) / row)) : found;
    };
    const head = label + room + px(12);
    const fitting = (px(inner(top(rows.length) / pens.scale)) - head) / seq;
    const cell = reading ? px(72) : fitting < 1 ? px(2) : fitting < px(6) ? fitting : Math.min(Math.floor(fitting), px(12));
    write(11, mono);
    clipToken = clipper(context, cell - px(STRIP + 8));
    at = { reading, cell, row, box: row - px(reading ? 4 : 3), head, label, ruler, band, top, line };
    return at;
  };

  const paint = ({ left, top, width, height, cursor, hover }: Sight) => {
    const { cell, head, box, band, ruler } = at;
    const { colours } = pens;
    const first = Math.max(0, at.line(top + ruler));
    const last = Math.min(rows.length - 1, at.line(top + height));
    const from = Math.max(0, Math.floor(left / cell));
    const to = Math.min(seq, Math.ceil((left + width - head) / cell));
    const x = (position: number) => head + Math.round(position * cell) - left;
    const y = (line: number) => at.top(line) - top;

    /** Where in sight the cells are whose value is `wanted`, by runs of them. */
    const runs = (values: number[], wanted: (value: number) => boolean, below: number, high: number): Box[] => {
      const found: Box[] = [];
      for (let line = first; line <= last; line++) {
        const start = line * seq;
        for (let position = from; position < to; position++) {
          if (!wanted(values[start + position]!)) continue;
          const begin = position;
          while (position < to && wanted(values[start + position]!)) position++;
          found.push([x(begin), y(line) + below, x(position) - x(begin), high]);
        }
      }
      return found;
    };
    const texts = (line: number) => {
      context.save();
      context.beginPath();
      context.rect(0, y(line), width, box); // marks that are stacked upon a letter stay in their row
      context.clip();
      for (let position = from; position < to; position++) {
        const kind = kindAt(grid, line, position);
        drawCell(context, kind, [x(position), y(line), cell - px(2), box], pens);
        const ink = kind === "padding" || kind === "masked out" ? colours.muted : colours.fg;
        text(ink, clipToken(tokenAt(grid, line, position)), x(position) + px(STRIP + 4), y(line) + box / 2);
      }
      context.restore();
    };
    const ring = (marked: At | null, colour: string, thick: number) => {
      if (!marked) return;
      const [left, top] = [x(marked[1]) - px(1), y(marked[0]) - px(1)];
      for (const [ink, size] of [[colours.bg, thick + 2], [colour, thick]] as const) {
        context.strokeStyle = ink;
        context.lineWidth = px(size);
        context.strokeRect(left, top, at.reading ? cell : cell + px(2), box + px(2));
      }
    };
    const heading = (title: string, line: number, ink: string) => {
      write(11, fonts, "bold");
      text(ink, title, 0, y(line) - band / 2);
      fill(ink, 0, y(line) - px(4), width, px(1));
    };
    const header = (line: number) => {
      const middle = y(line) + box / 2;
      const marked = line === cursor?.[0] || line === hover?.[0];
      const ink = marked ? colours.fg : colours.muted;
      write(11, fonts, marked ? "bold" : "");
      context.textAlign = "right";
      text(ink, String(rows[line]), at.label - mark, middle);
      context.textAlign = "left";
      if (cut.has(rows[line]!)) text(ink, "…", at.label - px(15), middle);
      text(ink, clipLabel(grid.rowLabels?.[line] ?? ""), at.label, middle);
      if (line < named) fill(colours.wrong, 0, y(line), px(3), at.row);
    };
    const positions = () => {
      fill(colours.bg, 0, 0, width, ruler);
      fill(colours.line, 0, ruler - px(1), width, px(1));
      write(10.5);
      const room = context.measureText(`${seq}`).width + px(10);
      const step = STEPS.find((each) => each * cell >= room) ?? seq;
      for (let position = Math.ceil(from / step) * step; position < to; position += step) {
        if (x(position) < head) continue;
        fill(colours.muted, x(position), ruler - px(5), px(1), px(4));
        text(colours.muted, String(position), x(position), ruler / 2 - px(1.5));
      }
    };

    fill(colours.bg, 0, 0, width, height);
    context.textBaseline = "middle";
    context.direction = "ltr";
    write(11, mono);
    pens.shift(left, top);
    if (at.reading) for (let line = first; line <= last; line++) texts(line);
    else grid.legend.forEach((kind, code) => drawRuns(context, kind, runs(grid.kinds, (each) => each === code, 0, box), pens));
    if (grid.types) {
      const [below, high] = [box + px(0.5), px(2)];
      drawTypes(context, 1, runs(grid.types, (type) => type === 1, below, high), pens);
      drawTypes(context, 2, runs(grid.types, (type) => type !== 0 && type !== 1, below, high), pens);
    }
    if (!at.reading && cell >= px(6)) {
      for (let position = from; position <= to; position++) fill(colours.bg, x(position) - px(1), 0, px(1), height);
    }
    ring(hover, colours.muted, 1);
    ring(cursor, colours.fg, 2);
    fill(colours.bg, 0, 0, head - px(3), height);
    for (let line = first; line <= last; line++) header(line);
    if (named) heading("Named by a finding", 0, colours.wrong);
    if (named && named < rows.length) heading("The other rows", named, colours.muted);
    positions();
  };
  return { layout, paint };
}

/** Cuts texts to a width by measure, each once. */
function clipper(context: CanvasRenderingContext2D, width: number): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    // By code points: half of a surrogate pair shows as a box.
    const points = [...text.slice(0, 64)];
    const shown = (length: number) =>
      length < points.length || text.length > 64 ? `${points.slice(0, length).join("")}…` : text;
    let [fits, fails] = [0, points.length + 1];
    for (let tried = points.length; fails - fits > 1; tried = (fits + fails) >> 1) {
      if (context.measureText(shown(tried)).width <= width) fits = tried;
      else fails = tried;
    }
    known.set(text, shown(fits));
    return shown(fits);
  };
}
