// What a cell of the batch is: in words, and as the grid and its legend draw it.
import type { Grid } from "./data";
import { h } from "./h";

const INKS = ["fg", "bg", "muted", "line", "text", "special", "unknown", "wrong", "type"] as const;
export type Ink = (typeof INKS)[number];
export type Inks = Record<Ink, string>;

/**
 * How a kind looks. `bars`: the parts of the cell's height that are filled, a profile of its own for each kind, which
 * tells them apart in cells of a pixel and to eyes that see no colour; `tint`: how strong the colour is behind text.
 */
interface Look {
  words: string;
  ink: Ink;
  bars: [number, number][];
  tint: number;
  hatched?: boolean;
  framed?: boolean;
}

const LOOKS: Record<string, Look> = {
  text: { words: "text", ink: "text", bars: [[0.15, 0.85]], tint: 0.14 },
  special: { words: "special token", ink: "special", bars: [[0, 1]], tint: 0.16 },
  padding: { words: "padding, not attended", ink: "text", bars: [[0.44, 0.56]], tint: 0 },
  "masked out": { words: "masked out", ink: "text", bars: [[0.15, 0.3], [0.7, 0.85]], tint: 0 },
  "attended padding": {
    words: "padding that is attended",
    ink: "wrong",
    bars: [[0, 0.12], [0.88, 1]],
    tint: 0.16,
    hatched: true,
    framed: true,
  },
  unknown: { words: "unknown, not in the vocabulary", ink: "unknown", bars: [[0.5, 1]], tint: 0.16 },
  "out of range": { words: "id out of range", ink: "wrong", bars: [[0, 0.4], [0.6, 1]], tint: 0.16, framed: true },
};
const HATCH = 5; // pixels from line to line
export const STRIP = 7; // pixels of a cell with text that show its kind

/** What cells are drawn with. `scale`: device pixels of a pixel; `shift` moves the hatching with what is scrolled. */
export interface Pens {
  colours: Inks;
  scale: number;
  hatch: CanvasPattern | null;
  shift(left: number, top: number): void;
}

export type Box = [x: number, y: number, width: number, height: number];

/** The colours that the style sheet gives `probe`: a canvas is not styled, and is painted anew when they change. */
export function makePens(probe: HTMLElement, scale: number): Pens {
  const style = getComputedStyle(probe);
  const colours = Object.fromEntries(
    INKS.map((name) => {
      probe.style.color = `var(--token-${name})`;
      return [name, style.color];
    }),
  ) as Inks;
  const side = Math.round(HATCH * scale);
  const tile = h("canvas", { width: side, height: side });
  const context = tile.getContext("2d");
  if (!context) return { colours, scale, hatch: null, shift: () => {} };
  context.strokeStyle = context.fillStyle = colours.wrong;
  context.globalAlpha = 0.25;
  context.fillRect(0, 0, side, side);
  context.globalAlpha = 1;
  context.lineWidth = 1.3 * scale;
  for (const x of [-side, 0, side]) {
    context.moveTo(x - side, 2 * side);
    context.lineTo(x + 2 * side, -side);
  }
  context.stroke();
  const hatch = context.createPattern(tile, "repeat");
  return { colours, scale, hatch, shift: (left, top) => hatch?.setTransform(new DOMMatrix([1, 0, 0, 1, -left, -top])) };
}

/** Draws the runs of cells of one kind: all at once, as to change the colour costs more than to draw a run. */
export function drawRuns(context: CanvasRenderingContext2D, kind: string, runs: Box[], pens: Pens): void {
  const look = LOOKS[kind] ?? LOOKS.text!;
  if (look.hatched && pens.hatch) {
    context.fillStyle = pens.hatch;
    for (const run of runs) context.fillRect(...run);
  }
  context.fillStyle = pens.colours[look.ink];
  for (const [from, to] of look.bars) {
    for (const [x, y, width, height] of runs) {
      const top = Math.round(from * height);
      context.fillRect(x, y + top, width, Math.max(Math.round(to * height) - top, 1));
    }
  }
}

/** Draws one cell that text will stand in: its kind's tint, and its profile as a strip at left. */
export function drawCell(context: CanvasRenderingContext2D, kind: string, box: Box, pens: Pens): void {
  const look = LOOKS[kind] ?? LOOKS.text!;
  const [x, y, width, height] = box;
  context.fillStyle = pens.colours[look.ink];
  context.globalAlpha = look.tint;
  context.fillRect(...box);
  context.globalAlpha = 1;
  if (look !== LOOKS.text) drawRuns(context, kind, [[x, y, Math.round(STRIP * pens.scale), height]], pens);
  if (!look.framed) return;
  const line = Math.round(1.5 * pens.scale);
  context.strokeStyle = pens.colours[look.ink];
  context.lineWidth = line;
  context.strokeRect(x + line / 2, y + line / 2, width - line, height - line);
}

/** Lines below the runs of cells of a token type other than 0: whole for type 1, broken for others. */
export function drawTypes(context: CanvasRenderingContext2D, type: number, runs: Box[], pens: Pens): void {
  context.fillStyle = pens.colours.type;
  for (const [x, y, width, height] of runs) {
    const dash = type === 1 ? width : Math.round(3 * pens.scale);
    for (let left = x; left < x + width; left += 2 * dash) {
      context.fillRect(left, y, Math.min(dash, x + width - left), height);
    }
  }
}

export const kindAt = (grid: Grid, line: number, position: number): string =>
  grid.legend[grid.kinds[line * grid.seq + position]!] ?? "";

/** The token, or its id where no text is known. */
export function tokenAt(grid: Grid, line: number, position: number): string {
  const id = grid.ids[line * grid.seq + position]!;
  return grid.pieces ? (grid.pieces[id] ?? "") : String(id);
}

/** What is known of one cell, as names and values; what the batch does not have is left out. */
export function factsAt(grid: Grid, line: number, position: number): [string, string][] {
  const at = line * grid.seq + position;
  const kind = kindAt(grid, line, position);
  const found: [string, unknown][] = [
    ["Position", position],
    ["Token", grid.pieces && tokenAt(grid, line, position)],
    ["What it is", LOOKS[kind]?.words ?? kind],
    ["Id", grid.ids[at]],
    ["Mask", grid.mask && Number(grid.mask[at])],
    ["Type", grid.types?.[at]],
    ["Label", grid.labels?.[at]],
  ];
  return found.flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
}

/** What is known of a row: its number in the batch, its label, and whether its text was truncated. */
export function rowFacts(grid: Grid, line: number): [string, string][] {
  const row = grid.rows[line]!;
  const label = grid.rowLabels?.[line];
  return [
    ["Row", `${row}${grid.cut.includes(row) ? ", text truncated" : ""}`],
    ...(label === undefined ? [] : [["Label", label] as [string, string]]),
  ];
}
