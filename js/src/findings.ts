// The findings, cause first: each with its evidence, what to write instead, and what was run to prove that.
import { copyButton } from "./copy";
import type { Finding, Fix, Scope } from "./data";
import { h, section, sentence } from "./h";
import { mark } from "./marks";
import { rulePage } from "./rulepage";

export function findings(found: Finding[], scope: Scope): HTMLElement {
  return section("Findings", String(found.length), found.map((each, index) => finding(each, index === 0, scope)));
}

function finding(found: Finding, open: boolean, scope: Scope): HTMLElement {
  const evidence = found.evidence.map(([what, value]) =>
    h("tr", {}, h("th", { scope: "row", class: "muted" }, what), h("td", {}, h("code", {}, value))),
  );
  return h(
    "details",
    { class: `finding ${found.severity}`, open },
    h("summary", {}, mark(found.severity), h("span", {}, sentence(found.title)), h("code", { class: "rule muted" }, found.rule)),
    h(
      "div",
      { class: "inside" },
      found.detail && h("p", { class: "detail" }, sentence(found.detail)),
      evidence.length > 0 && h("table", { class: "evidence", "aria-label": "Evidence" }, h("tbody", {}, evidence)),
      found.fix && fix(found.fix),
      rulePage(found.rule, scope),
    ),
  );
}

function fix({ title, snippet, cell, diff, proof }: Fix): HTMLElement {
  return h(
    "div",
    { class: "fix" },
    h("p", {}, h("strong", {}, "Fix:"), " ", sentence(title)),
    // The corrected cell says where the snippet goes: where there is one, it is all that is shown.
    cell ? code(diff ? diff.map(line) : [cell], cell, "Copy cell") : code([snippet], snippet, "Copy"),
    h("p", { class: "muted" }, "Proof: ", proof ? sentence(proof) : "not run"),
  );
}

/** A line of a diff: its sign says what its colour says. */
function line([sign, text]: [string, string]): HTMLElement {
  const kind = { "-": "del", "+": "ins" }[sign] as "del" | "ins" | undefined;
  return h(kind ?? "span", { class: "line" }, `${sign} ${text}`);
}

function code(shown: (Node | string)[], text: string, label: string): HTMLElement {
  return h("div", { class: "code" }, h("pre", { tabindex: 0 }, h("code", {}, shown)), copyButton(text, label));
}
