// A document for the views, and sample data, for the tests.
import { Window } from "happy-dom";
import type { LayerColumns, Report } from "../src/data";

const window = new Window();
Object.assign(globalThis, {
  window,
  document: window.document,
  Node: window.Node,
  CSS: { escape: (text: string) => text },
  MutationObserver: window.MutationObserver,
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

export const report = (text = "text"): Report => ({
  verdict: "fail",
  summary: text,
  meta: [text],
  findings: [
    {
      rule: text,
      severity: "error",
      subject: text,
      title: text,
      detail: text,
      evidence: [[text, text]],
      fix: { title: text, snippet: text, cell: text, proof: text },
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
  notChecked: [[text, text]],
  internalErrors: [text],
});
