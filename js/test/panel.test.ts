import assert from "node:assert/strict";
import { test } from "node:test";
import { report } from "./dom";
import panel from "../src/panel";

function model(uid: string) {
  const listeners: [string, (content: unknown) => void][] = [];
  const sent: unknown[] = [];
  return {
    sent,
    listeners,
    emit: (event: string, content?: unknown) => [...listeners].forEach(([name, callback]) => name === event && callback(content)),
    get: (name: string) => (name === "uid" ? uid : JSON.stringify(report())),
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

test("the panel takes the twin's place on an answer only, and leaves with the kernel", () => {
  const table = twin("a");
  const kernel = model("a");
  const leave = panel.initialize({ model: kernel })!;
  assert.deepEqual(kernel.sent, [{ type: "ping" }]);
  assert.equal(panels(), 0);
  kernel.emit("msg:custom", { type: "other" });
  kernel.emit("msg:custom", null);
  assert.equal(panels(), 0);
  kernel.emit("msg:custom", { type: "pong", report: report() });
  kernel.emit("msg:custom", { type: "pong", report: report() });
  assert.equal(panels(), 1);
  assert.ok(table.hidden);
  kernel.emit("comm_live_update");
  assert.equal(panels(), 0);
  assert.ok(!table.hidden);
  kernel.emit("msg:custom", { type: "pong", report: report() });
  assert.equal(panels(), 1);
  leave();
  assert.equal(panels(), 0);
  assert.ok(!table.hidden);
  assert.equal(kernel.listeners.length, 0);
});

test("a twin that arrives late gets its panel", async () => {
  const kernel = model("late");
  const leave = panel.initialize({ model: kernel })!;
  kernel.emit("msg:custom", { type: "pong", report: report() });
  const table = twin("late");
  await new Promise((done) => setTimeout(done, 100));
  assert.equal(panels(), 1);
  assert.ok(table.hidden);
  leave();
});

test("a widget that is displayed in the ordinary way draws itself and asks nothing", () => {
  const kernel = model("");
  assert.equal(panel.initialize({ model: kernel }), undefined);
  const el = document.createElement("div");
  const leave = panel.render({ model: kernel, el });
  assert.ok(el.querySelector(".bertmagic-panel")!.shadowRoot!.querySelector("article"));
  assert.deepEqual(kernel.sent, []);
  leave();
  assert.equal(el.childElementCount, 0);
});
