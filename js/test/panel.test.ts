import assert from "node:assert/strict";
import { test } from "node:test";
import { report } from "./dom";
import panel from "../src/panel";

function model(displayed = "") {
  const listeners: [string, (content: unknown) => void][] = [];
  const sent: unknown[] = [];
  return {
    sent,
    listeners,
    emit: (event: string, content?: unknown) => [...listeners].forEach(([name, callback]) => name === event && callback(content)),
    get: () => displayed,
    send: (content: unknown) => void sent.push(content),
    on: (event: string, callback: (content: unknown) => void) => void listeners.push([event, callback]),
    off: (event: string, callback: (content: unknown) => void) => {
      const at = listeners.findIndex(([name, known]) => name === event && known === callback);
      if (at >= 0) listeners.splice(at, 1);
    },
  };
}

function twin(uid: string): HTMLElement {
  const element = document.createElement("div");
  element.id = `bm-${uid}`;
  document.body.append(element);
  return element;
}
const panels = () => document.querySelectorAll(".bertmagic-panel").length;
const pong = (...uids: string[]) => ({ type: "pong", uids });
const answer = (uid: string) => ({ type: "report", uid, report: report() });

test("the panel takes the twin's place on an answer only, and leaves with the kernel", () => {
  const table = twin("a");
  const kernel = model();
  const leave = panel.initialize({ model: kernel })!;
  assert.deepEqual(kernel.sent, [{ type: "ping" }]);
  kernel.emit("msg:custom", { type: "other" });
  kernel.emit("msg:custom", null);
  kernel.emit("msg:custom", answer("a")); // nobody asked
  assert.equal(panels(), 0);
  kernel.emit("msg:custom", pong("a"));
  kernel.emit("msg:custom", pong("a"));
  assert.deepEqual(kernel.sent.slice(1), [{ type: "report", uid: "a" }]);
  assert.equal(panels(), 0);
  kernel.emit("msg:custom", answer("a"));
  kernel.emit("msg:custom", answer("a"));
  assert.equal(panels(), 1);
  assert.ok(table.hidden);
  kernel.emit("comm_live_update");
  assert.equal(panels(), 0);
  assert.ok(!table.hidden);
  kernel.emit("msg:custom", pong("a"));
  kernel.emit("msg:custom", answer("a"));
  assert.equal(panels(), 1);
  leave();
  assert.equal(panels(), 0);
  assert.ok(!table.hidden);
  assert.equal(kernel.listeners.length, 0);
  table.remove();
});

test("a twin that arrives late gets its panel", async () => {
  const kernel = model();
  const leave = panel.initialize({ model: kernel })!;
  kernel.emit("msg:custom", pong());
  kernel.emit("msg:custom", { type: "shown", uid: "late" });
  kernel.emit("msg:custom", answer("late"));
  const table = twin("late");
  await new Promise((done) => setTimeout(done, 100));
  assert.equal(panels(), 1);
  assert.ok(table.hidden);
  leave();
  table.remove();
});

test("a panel goes with its cell's earlier execution, and no other", () => {
  const tables = [twin("one"), twin("two")];
  const kernel = model();
  const leave = panel.initialize({ model: kernel })!;
  kernel.emit("msg:custom", pong("one", "two"));
  kernel.emit("msg:custom", answer("one"));
  kernel.emit("msg:custom", answer("two"));
  assert.equal(panels(), 2);
  kernel.emit("msg:custom", { type: "gone", uid: "one" });
  assert.equal(panels(), 1);
  assert.deepEqual(tables.map((table) => table.hidden), [false, true]);
  leave();
  tables.forEach((table) => table.remove());
});

test("a widget that is displayed in the ordinary way draws itself and asks nothing", () => {
  const kernel = model(JSON.stringify(report()));
  assert.equal(panel.initialize({ model: kernel }), undefined);
  const el = document.createElement("div");
  const leave = panel.render({ model: kernel, el });
  assert.ok(el.querySelector(".bertmagic-panel")!.shadowRoot!.querySelector("article"));
  assert.deepEqual(kernel.sent, []);
  leave();
  assert.equal(el.childElementCount, 0);
});
