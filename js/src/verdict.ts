// The verdict: pass, warning or fail, one sentence, and where and on how much it was run.
import type { Report } from "./data";
import { h, sentence } from "./h";
import { mark } from "./marks";

const WORDS = { pass: "Pass", warn: "Warning", fail: "Fail" };

export function verdict({ verdict, summary, meta }: Report): HTMLElement {
  return h(
    "header",
    { class: verdict },
    h("p", { class: "verdict" }, mark(verdict, WORDS[verdict]), h("span", {}, sentence(summary))),
    h("p", { class: "meta muted" }, meta.map((phrase) => h("span", {}, phrase))),
  );
}
