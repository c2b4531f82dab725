// The page of a rule: what it finds, why that is bad, a wrong and a right example. The kernel has it.
import type { Scope } from "./data";
import { h, sentence } from "./h";

/** A closed part that fetches the page when it is first opened. */
export function rulePage(rule: string, { ask }: Scope): HTMLElement {
  const page = h("div", { class: "page", "aria-live": "polite" });
  const part = h("details", {}, h("summary", {}, "About this rule"), page);
  let asked = false;
  part.addEventListener("toggle", async () => {
    if (!part.open || asked) return;
    asked = true;
    page.replaceChildren(h("p", { class: "muted" }, "Asking the kernel …"));
    try {
      const text = (await ask({ type: "explain", rule })).page;
      page.replaceChildren(...(text ? blocks(text) : [h("p", { class: "muted" }, "There is no page of this name.")]));
    } catch {
      asked = false; // opened again, it asks again
      page.replaceChildren(h("p", { class: "muted" }, "The kernel does not answer. The page is also shown by ", command(rule), "."));
    }
  });
  return part;
}

function command(rule: string): HTMLElement {
  return h("code", {}, `%bertcheck --explain ${rule}`);
}

/** Paragraphs, and as code what is indented; the heading names the rule, which the finding does already. */
function blocks(text: string): HTMLElement[] {
  const parts = text.split(/\n{2,}/).slice(1);
  return parts.map((part) =>
    part.startsWith("    ")
      ? h("pre", { tabindex: 0 }, h("code", {}, part.replace(/^ {4}/gm, "")))
      : h("p", {}, sentence(part.replace(/\n/g, " "))),
  );
}
