import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, press, scope } from "./dom";
import type { LayerColumns } from "../src/data";
import { layers } from "../src/layers";
import { tree } from "../src/tree";

const drawn = (given: LayerColumns, signal?: AbortSignal): HTMLElement => {
  const part = layers(given, scope({}, signal));
  document.body.append(part);
  return part;
};
const rows = (part: Element) => [...part.querySelectorAll<HTMLElement>(".layer")];
const names = (part: Element) => rows(part).map((row) => row.querySelector("code")!.textContent!);
const row = (part: Element, name: string) => rows(part).find((each) => each.querySelector("code")!.textContent === name)!;
const focused = () => document.activeElement!.querySelector("code")!.textContent;
const about = (part: Element) => part.querySelector(".about")!.textContent!;
const type = (part: Element, text: string) => {
  const field = part.querySelector("input")!;
  field.value = text;
  field.dispatchEvent(new window.Event("input"));
  return field;
};

/** A model of `count` layers below one. */
const flat = (count: number): LayerColumns => {
  const each = <T>(first: T, rest: T): T[] => [first, ...Array(count).fill(rest)];
  return {
    parent: each(-1, 0),
    shared: each(0, 5),
    rest: ["model", ...Array.from({ length: count }, (_, at) => `/layer_${at}`)],
    type: each(0, 0),
    inputs: each([1], [1, 2]),
    outputs: each([1], [1]),
    dtype: each(3, 3),
    params: each(9, 9),
    seconds: each<number | null>(2, 0.5),
    status: each(4, 4),
    strings: ["Kind", "(batch=2)", "(batch=2, hidden=3)", "float32", "ok"],
  };
};

test("layers unpack to paths, names, depths and their share of the outermost layer's time", () => {
  const all = tree(columns());
  assert.deepEqual(all.map((layer) => layer.path).slice(2), ["model/bert/embeddings", "model/bert/encoder", "model/bert/encoder/layer_0"]);
  assert.deepEqual(all.map((layer) => layer.name), ["model", "bert", "embeddings", "encoder", "layer_0"]);
  assert.deepEqual(all.map((layer) => layer.level), [1, 2, 3, 3, 4]);
  assert.deepEqual(all.map((layer) => layer.share?.toFixed(2)), ["1.00", "0.01", undefined, "1.00", "0.00"]);
});

test("rows open and close by mouse and by keyboard", () => {
  const part = drawn(columns());
  assert.deepEqual(names(part), ["model", "bert", "embeddings", "encoder"]);
  const encoder = row(part, "encoder");
  encoder.click();
  assert.equal(encoder.getAttribute("aria-expanded"), "true");
  assert.deepEqual(names(part).at(-1), "layer_0");
  press(encoder, "ArrowLeft");
  assert.equal(encoder.getAttribute("aria-expanded"), "false");
  press(encoder, "ArrowLeft");
  assert.equal(focused(), "bert");
  press(document.activeElement!, "End");
  assert.equal(document.activeElement, encoder);
  assert.ok(press(encoder, "Enter").defaultPrevented);
  press(encoder, "ArrowRight");
  assert.equal(focused(), "layer_0");
  press(document.activeElement!, "Home");
  assert.equal(focused(), "model");
  press(document.activeElement!, "PageDown");
  assert.equal(focused(), "layer_0");
  press(document.activeElement!, "PageUp");
  assert.equal(focused(), "model");
  assert.equal(part.querySelectorAll('.rows [tabindex="0"]').length, 1);
  assert.ok(!press(document.activeElement!, "b").defaultPrevented);
});

test("an asterisk opens the row and all beside it", () => {
  const two = columns();
  two.parent = [-1, 0, 1, 0, 3];
  const part = drawn(two);
  assert.deepEqual(names(part), ["model", "bert", "encoder"]);
  press(row(part, "encoder"), "*");
  assert.deepEqual(names(part), ["model", "bert", "embeddings", "encoder", "layer_0"]);
});

test("of many rows only those near the visible part are in the page, and the one with the focus", () => {
  const part = drawn(flat(5000));
  const grid = part.querySelector('[role="treegrid"]')!;
  assert.equal(grid.getAttribute("aria-rowcount"), "5002"); // with the head
  assert.ok(rows(part).length < 50);
  press(rows(part)[0]!, "End");
  assert.equal(focused(), "layer_4999");
  assert.equal(document.activeElement!.getAttribute("aria-rowindex"), "5002");
  const [last] = rows(part).slice(-1);
  assert.equal(last, document.activeElement);
  const scroller = part.querySelector<HTMLElement>(".tall")!;
  scroller.scrollTop = 22 * 2000;
  scroller.dispatchEvent(new window.Event("scroll"));
  assert.equal(document.activeElement, last, "scrolling took the focus");
  assert.ok(names(part).includes("layer_2000"));
  assert.ok(rows(part).length < 50);
  const order = rows(part).map((each) => Number(each.getAttribute("aria-rowindex")));
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
});

test("the path to the innermost layer that failed is open, and that layer is the current row", () => {
  const failed = columns("failed");
  failed.strings.push("failed inside", "not run");
  failed.status = [6, 6, 4, 6, 5];
  const part = drawn(failed);
  assert.deepEqual(names(part), ["model", "bert", "embeddings", "encoder", "layer_0"]);
  assert.equal(part.querySelectorAll(".rows .mark").length, 1);
  assert.equal(part.querySelectorAll(".rows .way").length, 3);
  assert.equal(part.querySelector('.rows [tabindex="0"]'), row(part, "layer_0"));
  assert.ok(about(part).startsWith("model/bert/encoder/layer_0 Kind · float32 · 0.0 ms (0.0 % of the whole) failed"));
});

test("layers that did not run are counted, and marked by a word", () => {
  const part = drawn(columns("not run"));
  assert.ok(part.querySelector("h3")!.textContent!.includes("5 · float32 · 1 not run · time of the rows run"));
  assert.equal(row(part, "embeddings").querySelector(".mark")!.textContent, "not run");
});

test("the row under the mouse, else the one in focus, is told in full", () => {
  const part = drawn(flat(3));
  assert.ok(about(part).startsWith("model"));
  row(part, "layer_1").dispatchEvent(new window.Event("pointerover", { bubbles: true }));
  assert.ok(about(part).startsWith("model/layer_1 Kind"));
  assert.ok(about(part).includes("Inputs(batch=2)(batch=2, hidden=3)"));
  assert.ok(about(part).includes("9 parameters · 500 ms (25 % of the whole)"));
  part.querySelector(".rows")!.dispatchEvent(new window.Event("pointerleave"));
  assert.ok(about(part).startsWith("model "));
});

test("where nothing was timed there is no column of times, and the head says so", () => {
  const quiet = columns();
  quiet.seconds = [null, null, null, null, null];
  const part = drawn(quiet);
  const heads = [...part.querySelectorAll('[role="columnheader"]')].map((head) => head.textContent);
  assert.ok(!heads.includes("Time"));
  assert.ok(part.querySelector("h3")!.textContent!.includes("not timed"));
  assert.equal(part.querySelectorAll(".bar").length, 0);
});

test("a filter lists what it finds with what lies above, and Escape gives all back", () => {
  const part = drawn(columns());
  let asked = 0;
  const count = () => asked++;
  document.body.addEventListener("keydown", count);
  const field = type(part, "LAYER enc");
  assert.deepEqual(names(part), ["model", "bert", "encoder", "layer_0"]);
  assert.deepEqual([...part.querySelectorAll(".hit")].map((hit) => hit.textContent), ["enc", "layer"]);
  assert.equal(part.querySelector('[role="status"]')!.textContent, "1 of 5");
  press(field, "b");
  assert.equal(asked, 0, "the notebook saw a key");
  type(part, "(nothing [");
  assert.deepEqual(names(part), []);
  assert.ok(part.querySelector('[role="status"]')!.textContent!.startsWith("No layer"));
  press(field, "Escape");
  assert.equal(field.value, "");
  assert.deepEqual(names(part), ["model", "bert", "embeddings", "encoder"]);
  assert.equal(part.querySelector('.rows [tabindex="0"]'), row(part, "model"));
  document.body.removeEventListener("keydown", count);
});

test("a row that was gone to while filtering stays the current one, and what the user closed stays closed", () => {
  const part = drawn(columns());
  const field = type(part, "layer_0");
  press(row(part, "model"), "End");
  assert.equal(focused(), "layer_0");
  press(field, "Escape");
  assert.equal(part.querySelector('.rows [tabindex="0"]'), row(part, "layer_0"));
  row(part, "encoder").focus();
  press(row(part, "encoder"), "ArrowLeft");
  type(part, "layer_0");
  press(field, "Escape");
  assert.deepEqual(names(part), ["model", "bert", "embeddings", "encoder"]);
});

test("nothing of the grid is left behind when the view ends", () => {
  let open = 0;
  const kept = globalThis.ResizeObserver;
  globalThis.ResizeObserver = class {
    observe = () => void open++;
    unobserve = () => {};
    disconnect = () => void open--;
  };
  const ending = new AbortController();
  drawn(columns(), ending.signal);
  assert.equal(open, 1);
  ending.abort();
  assert.equal(open, 0);
  globalThis.ResizeObserver = kept;
});
