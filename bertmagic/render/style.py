"""The static tables' style sheet: JupyterLab's colours where its variables are there, else plain light or dark ones.

Text and background are always set together, so that a dark preference on a page that stays white is legible too.
"""

from __future__ import annotations

# Selectors say more than they need, or `!important`, because the page has rules of its own for what an output holds
# (`.jp-RenderedHTMLCommon td` and others), more specific ones in JupyterLab than in an exported page.
# Status colours are mixed with the text's, to be legible in every theme; without color-mix they are the text's.
_SHEET = """
.bm-report {
  --f: var(--jp-ui-font-color1, #1f2328);
  --b: var(--jp-layout-color0, #fff);
  --l: var(--jp-border-color2, #d1d9e0);
  --m: var(--f); --e: var(--f); --w: var(--f); --o: var(--f);
  --c: var(--jp-code-font-family, ui-monospace, Menlo, Consolas, monospace);
  font: 13px/1.45 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--f); background: var(--b); padding: 2px 8px 8px;
}
@media (prefers-color-scheme: dark) {
  .bm-report {
    --f: var(--jp-ui-font-color1, #e6e6e6);
    --b: var(--jp-layout-color0, #161616);
    --l: var(--jp-border-color2, #444);
  }
}
@supports (color: color-mix(in srgb, red, blue)) {
  .bm-report {
    --m: color-mix(in srgb, var(--f) 72%, var(--b));
    --e: color-mix(in srgb, #d93025 72%, var(--f));
    --w: color-mix(in srgb, #c77700 58%, var(--f));
    --o: color-mix(in srgb, #1e8e3e 66%, var(--f));
  }
}
.bm-report .bm-m { color: var(--m); }
.bm-report .bm-e { color: var(--e); }
.bm-report .bm-w { color: var(--w); }
.bm-report .bm-o { color: var(--o); }
.bm-report p.bm-p { margin: 2px 0; }
.bm-report h4.bm-h { font-size: 13px; font-weight: 600; margin: 12px 0 4px; color: var(--f); }
.bm-report details { margin: 6px 0; }
.bm-report summary { cursor: pointer; }
.bm-report ul { margin: 0; padding-left: 1.4em; }
.bm-report code {
  font: 12px/1.4 var(--c); color: inherit !important; background: none !important; padding: 0 !important;
  unicode-bidi: isolate;
}
.bm-report mark {
  background: none; color: var(--e); font-weight: 700; text-decoration: underline; text-underline-offset: 2px;
}
.bm-report table.bm-t {
  border: 0; border-collapse: collapse; margin: 2px 0; color: var(--f);
  font-size: 12px; font-variant-numeric: tabular-nums; table-layout: auto;
}
.bm-report table.bm-t tr { background: none; }
.bm-report table.bm-t th,
.bm-report table.bm-t td {
  border: 0; padding: 2px 14px 2px 0; text-align: left; vertical-align: baseline;
  font-weight: 400; white-space: normal; max-width: none;
}
.bm-report table.bm-t th[scope=col] { color: var(--m); border-bottom: 1px solid var(--l); }
.bm-report table.bm-t tr.bm-r > * { border-top: 1px solid var(--l); }
.bm-report table.bm-t .bm-n { text-align: right; white-space: nowrap; }
.bm-report pre.bm-s {
  font: 12px/1.45 var(--c); color: var(--f); background: none; border-left: 2px solid var(--l);
  margin: 4px 0; padding: 2px 10px; white-space: pre-wrap; unicode-bidi: isolate;
}
"""

# A saved notebook holds it once a check.
STYLE = f"<style>{''.join(line.strip() for line in _SHEET.splitlines())}</style>"
