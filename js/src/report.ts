// The whole panel: the views below one another, in a shadow root, so that the page's style sheet and this do not meet.
import axesCss from "./axes.css";
import { changed } from "./changed";
import type { Report, Scope } from "./data";
import { findings } from "./findings";
import { h } from "./h";
import { layers } from "./layers";
import layersCss from "./layers.css";
import { notChecked } from "./notchecked";
import panelCss from "./panel.css";
import { tensors } from "./tensors";
import { tokens } from "./tokens";
import tokensCss from "./tokens.css";
import { verdict } from "./verdict";

const CSS = [panelCss, axesCss, tokensCss, layersCss].join("");

/** Draws `report` inside `host`. */
export function draw(host: HTMLElement, report: Report, scope: Scope): void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren(
    h("style", {}, CSS),
    h(
      "article",
      { "aria-label": "bertmagic report" },
      verdict(report),
      report.changed && changed(report.changed),
      report.tensors.length > 0 && tensors(report.tensors),
      report.findings.length > 0 && findings(report.findings, scope),
      report.tokens && tokens(report.tokens, scope),
      report.layers.rest.length > 0 && layers(report.layers, scope),
      (report.notChecked.length > 0 || report.internalErrors.length > 0) &&
        notChecked(report.notChecked, report.internalErrors),
    ),
  );
}
