// A document for the views, and sample data, for the tests.
import { Window } from "happy-dom";
import type { Ask, Grid, LayerColumns, Report, Scope } from "../src/data";

const window = new Window();
Object.assign(globalThis, {
  window,
  document: window.document,
  Node: window.Node,
  CSS: { escape: (text: string) => text },
  MutationObserver: window.MutationObserver,
  ResizeObserver: window.ResizeObserver,
  IntersectionObserver: window.IntersectionObserver,
  getSelection: () => window.getSelection(),
});

export const press = (element: Element, key: string): Event => {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }) as unknown as Event;
  element.dispatchEvent(event);
  return event;
};

/** model > bert > (embeddings, encoder > layer_0), embeddings as `status` says. */
export const columns = (status = "ok"): LayerColumns => ({
  parent: [-1, 0, 1, 1, 3],
  shared: [0, 5, 10, 10, 18],
  rest: ["model", "/bert", "/embeddings", "/encoder", "/layer_0"],
  type: [0, 0, 0, 0, 0],
  inputs: [[1], [1], [1], [2, 1], [2]],
  outputs: [[2], [2], [2], [2], [2]],
  dtype: [3, 3, 3, 3, 3],
  params: [1234567, 1, 0, 2, null],
  seconds: [0.1234, 0.00123, null, 1, 0],
  status: [4, 4, 5, 4, 4],
  strings: ["Kind", "(batch=2)", "(batch=2, hidden=3)", "float32", "ok", status],
});

/** Two rows of three tokens, the second named by a finding and with padding that is attended. */
export const grid = (text = "[CLS]"): Grid => ({
  rows: [1, 0],
  named: 1,
  seq: 3,
  legend: ["text", "special", "padding", "masked out", "attended padding", "unknown", "out of range"],
  kinds: [1, 0, 4, 1, 0, 5],
  ids: [101, 7, 0, 101, 8, 100],
  mask: null,
  types: [0, 0, 0, 0, 1, 1],
  pieces: { 0: "[PAD]", 7: text, 8: "b", 100: "[UNK]", 101: "[CLS]" },
  rowLabels: ["1", "0"],
  labels: null,
  cut: [0],
});

/** What a view is given where the kernel answers with these. */
export const scope = (answers: { grid?: Grid; page?: string } = {}, signal = new AbortController().signal): Scope => ({
  ask: (async (question: { type: string }) => {
    if (question.type === "tokens" && answers.grid) return { grid: answers.grid };
    if (question.type === "explain" && answers.page !== undefined) return { page: answers.page };
    throw new Error("silent");
  }) as Ask,
  signal,
});

export const report = (text = "text"): Report => ({
  verdict: "fail",
  summary: text,
  meta: [text],
  changed: [text],
  findings: [
    {
      rule: text,
      severity: "error",
      subject: text,
      title: text,
      detail: text,
      evidence: [[text, text]],
      fix: { title: text, snippet: text, cell: text, diff: [["-", text], ["+", text]], proof: text },
    },
    { rule: "b", severity: "warning", subject: "", title: "b", detail: "", evidence: [], fix: null },
  ],
  tensors: [
    {
      title: "Inputs",
      rows: [
        {
          name: text,
          from: text,
          status: "wrong",
          expected: { shape: [["(batch=2, ", 0], [text, 1], [")", 0]], dtype: text, values: text },
          actual: text,
        },
      ],
    },
  ],
  layers: { ...columns(), strings: [text, text, text, text, "ok", text] },
  tokens: { rows: 2, of: 2 },
  notChecked: [[text, text]],
  internalErrors: [text],
});
