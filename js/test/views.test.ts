import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { columns, press, report, scope } from "./dom";
import { findings } from "../src/findings";
import { layers } from "../src/layers";
import { draw } from "../src/report";
import { tensors } from "../src/tensors";
import { tree } from "../src/tree";
import { verdict } from "../src/verdict";

const HOSTILE = '<script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned = 1">`</td></style>\u202e';

const drawn = (text?: string): HTMLElement => {
  const host = document.createElement("div");
  document.body.append(host);
  draw(host, report(text), scope());
  return host;
};
const shown = (grid: Element): string[] =>
  [...grid.querySelectorAll<HTMLElement>("tbody tr")].filter((row) => !row.hidden).map((row) => row.querySelector("code")!.textContent!);

test("strings are text, wherever they stand", () => {
  const root = drawn(HOSTILE).shadowRoot!;
  assert.equal(root.querySelectorAll("script, img").length, 0);
  assert.equal(root.querySelectorAll("style").length, 1);
  assert.equal((globalThis as { pwned?: number }).pwned, undefined);
  assert.ok(root.querySelector("pre")!.textContent!.includes(HOSTILE));
});

test("the verdict says its word beside its shape", () => {
  const head = verdict(report());
  assert.equal(head.querySelector(".mark")!.textContent, "Fail");
  assert.ok(head.querySelector(".mark svg path"));
});

test("the first finding is open, the rest are closed, and a proof that was not run says so", () => {
  const found = report();
  found.findings[0]!.fix!.proof = null;
  const part = findings(found.findings, scope());
  const [first, second] = part.querySelectorAll(".finding");
  assert.ok(first!.hasAttribute("open"));
  assert.ok(!second!.hasAttribute("open"));
  assert.ok(first!.textContent!.includes("Proof: not run"));
});

test("the axes that differ are marked, and a missing side says why", () => {
  const part = tensors(report("why not").tensors);
  assert.deepEqual([...part.querySelectorAll("mark")].map((mark) => mark.textContent), ["why not"]);
  assert.equal(part.querySelector(".absent")!.textContent, "why not");
});

test("layers unpack to paths, names and depths", () => {
  const all = tree(columns());
  assert.deepEqual(all.map((layer) => layer.path).slice(2), ["model/bert/embeddings", "model/bert/encoder", "model/bert/encoder/layer_0"]);
  assert.deepEqual(all.map((layer) => layer.name), ["model", "bert", "embeddings", "encoder", "layer_0"]);
  assert.deepEqual(all.map((layer) => layer.level), [1, 2, 3, 3, 4]);
});

test("rows open and close by mouse and by keyboard", () => {
  const part = layers(columns(), scope());
  document.body.append(part);
  assert.deepEqual(shown(part), ["model", "bert", "embeddings", "encoder"]);
  const rows = [...part.querySelectorAll<HTMLElement>("tbody tr")];
  rows[3]!.click();
  assert.equal(rows[3]!.getAttribute("aria-expanded"), "true");
  assert.deepEqual(shown(part).at(-1), "layer_0");
  press(rows[3]!, "ArrowLeft");
  assert.equal(rows[3]!.getAttribute("aria-expanded"), "false");
  press(rows[3]!, "ArrowLeft");
  assert.equal(document.activeElement, rows[1]);
  press(rows[1]!, "End");
  assert.equal(document.activeElement, rows[3]);
  const event = press(rows[3]!, "Enter");
  assert.ok(event.defaultPrevented);
  press(rows[3]!, "ArrowRight");
  assert.equal(document.activeElement, rows[4]);
  press(rows[4]!, "Home");
  assert.equal(document.activeElement, rows[0]);
  assert.equal(part.querySelectorAll('tbody [tabindex="0"]').length, 1);
  assert.ok(!press(rows[0]!, "b").defaultPrevented);
});

test("the path to a failed layer is open, and marked by a word", () => {
  const failed = columns("failed");
  failed.status = [5, 5, 4, 5, 5];
  const part = layers(failed, scope());
  assert.ok(shown(part).includes("layer_0"));
  assert.equal(part.querySelectorAll("tbody .mark").length, 4);
});

test("the bundle is small", () => {
  const bytes = readFileSync(new URL("../../bertmagic/static/panel.js", import.meta.url)).length;
  console.log(`panel.js: ${bytes} bytes`);
  assert.ok(bytes < 20_000, `${bytes} bytes; the bound for all that is to come is 50 kB`);
});
