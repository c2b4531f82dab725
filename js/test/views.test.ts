import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { report, scope } from "./dom";
import { findings } from "../src/findings";
import { draw } from "../src/report";
import { tensors } from "../src/tensors";
import { verdict } from "../src/verdict";

const HOSTILE = '<script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned = 1">`</td></style>\u202e';

const drawn = (text?: string): HTMLElement => {
  const host = document.createElement("div");
  document.body.append(host);
  draw(host, report(text), scope());
  return host;
};

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

test("the bundle is small", () => {
  const bytes = readFileSync(new URL("../../bertmagic/static/panel.js", import.meta.url)).length;
  console.log(`panel.js: ${bytes} bytes`);
  assert.ok(bytes < 50_000, `${bytes} bytes`);
});
