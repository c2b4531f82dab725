// The findings, cause first: each with its evidence, what to write instead, and what was run to prove that.
import { copyButton } from "./copy";
import type { Finding, Fix, Scope } from "./data";
import { h, section, sentence } from "./h";
import { mark } from "./marks";

export function findings(found: Finding[], _scope: Scope): HTMLElement {
  return section("Findings", String(found.length), found.map(finding));
}

function finding(found: Finding, index: number): HTMLElement {
  const evidence = found.evidence.map(([what, value]) =>
    h("tr", {}, h("th", { scope: "row", class: "muted" }, what), h("td", {}, h("code", {}, value))),
  );
  return h(
    "details",
    { class: `finding ${found.severity}`, open: index === 0 },
    h("summary", {}, mark(found.severity), h("span", {}, sentence(found.title)), h("code", { class: "rule muted" }, found.rule)),
    h(
      "div",
      { class: "inside" },
      found.detail && h("p", { class: "detail" }, sentence(found.detail)),
      evidence.length > 0 && h("table", { class: "evidence", "aria-label": "Evidence" }, h("tbody", {}, evidence)),
      found.fix && fix(found.fix),
    ),
  );
}

function fix({ title, snippet, cell, proof }: Fix): HTMLElement {
  return h(
    "div",
    { class: "fix" },
    h("p", {}, h("strong", {}, "Fix:"), " ", sentence(title)),
    code(snippet, "Copy"),
    cell && h("details", { class: "cell" }, h("summary", {}, "The whole cell, corrected"), code(cell, "Copy cell")),
    h("p", { class: "muted" }, "Proof: ", proof ? sentence(proof) : "not run"),
  );
}

function code(text: string, label: string): HTMLElement {
  return h("div", { class: "code" }, h("pre", { tabindex: 0 }, h("code", {}, text)), copyButton(text, label));
}
