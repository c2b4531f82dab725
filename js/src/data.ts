// The panel's data: what `bertmagic/render/page.py` makes of a report. Views see this and nothing else.

export type Severity = "error" | "warning" | "advice";

export interface Fix {
  title: string;
  snippet: string;
  cell: string | null;
  diff: [" " | "-" | "+", string][] | null; // of the checked cell and `cell`, line by line
  proof: string | null;
}

export interface Finding {
  rule: string;
  severity: Severity;
  subject: string;
  title: string;
  detail: string;
  evidence: [string, string][];
  fix: Fix | null;
}

/** One side of a tensor: its shape's text in pieces, with 1 for each axis that differs from the other side's. */
export interface Side {
  shape: [string, 0 | 1][];
  dtype: string;
  values: string;
}

export interface Tensor {
  name: string;
  from: string;
  status: string;
  expected: Side | string; // a string says why there is none
  actual: Side | string;
}

/** Columns with one entry a layer; `type`, `dtype`, `status` and the shapes are indexes into `strings`. */
export interface LayerColumns {
  parent: number[];
  shared: number[];
  rest: string[];
  type: number[];
  inputs: number[][];
  outputs: number[][];
  dtype: number[];
  params: (number | null)[];
  seconds: (number | null)[];
  status: number[];
  strings: string[];
}

/** The batch token by token, sent when the page asks. Lists of cells hold line after line, `seq` cells each. */
export interface Grid {
  rows: number[]; // the batch's index of each line
  named: number; // how many of the first lines a finding names
  seq: number;
  legend: string[];
  kinds: number[]; // of each cell, an index of `legend`
  ids: number[];
  mask: (number | boolean)[] | null;
  types: number[] | null;
  pieces: Record<string, string> | null; // the token of each id
  rowLabels: string[] | null;
  labels: number[] | null; // of each cell
  cut: number[]; // the batch's rows whose text was truncated
}

/** Asks the kernel; the answer, or a rejection where none comes. */
export interface Ask {
  (question: { type: "tokens" }): Promise<{ grid: Grid }>;
  (question: { type: "explain"; rule: string }): Promise<{ page: string }>;
}

/** What every view is given beside its data: how to ask the kernel, and when all its listeners and observers end. */
export interface Scope {
  ask: Ask;
  signal: AbortSignal;
}

export interface Report {
  verdict: "pass" | "warn" | "fail";
  summary: string;
  meta: string[];
  changed: string[] | null; // since the last check of the same cell
  findings: Finding[];
  tensors: { title: string; rows: Tensor[] }[];
  layers: LayerColumns;
  tokens: { rows: number; of: number } | null;
  notChecked: [string, string][];
  internalErrors: string[];
}
