// The panel's data: what `bertmagic/render/page.py` makes of a report. Views see this and nothing else.

export type Severity = "error" | "warning" | "advice";

export interface Fix {
  title: string;
  snippet: string;
  cell: string | null;
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

export interface Report {
  verdict: "pass" | "warn" | "fail";
  summary: string;
  meta: string[];
  findings: Finding[];
  tensors: { title: string; rows: Tensor[] }[];
  layers: LayerColumns;
  notChecked: [string, string][];
  internalErrors: string[];
}
