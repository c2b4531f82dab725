import assert from "node:assert/strict";
import { test } from "node:test";
import { grid, press, scope } from "./dom";
import type { Ask, Grid, Scope } from "../src/data";
import { factsAt } from "../src/tokencells";
import { tokens } from "../src/tokens";

const HOSTILE = '<script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned = 1">';
const settled = () => new Promise((done) => setTimeout(done, 10));

// What the document of these tests has not: sight, sizes, and a canvas. The canvas notes what is called.
class Seen {
  static all: Seen[] = [];
  ended = false;
  constructor(private readonly callback: (entries: { isIntersecting: boolean }[]) => void) {
    Seen.all.push(this);
  }
  observe() {}
  disconnect() {
    this.ended = true;
  }
  come(isIntersecting = true) {
    this.callback([{ isIntersecting }]);
  }
}
const calls: [string, unknown[]][] = [];
const context = new Proxy({} as Record<string, unknown>, {
  get: (known, name: string) => {
    if (name in known) return known[name];
    return (...given: unknown[]) => {
      calls.push([name, given]);
      if (name === "measureText") return { width: 6 * String(given[0]).length };
      return name === "createPattern" ? { setTransform() {} } : undefined;
    };
  },
});
Object.assign(globalThis, {
  IntersectionObserver: Seen,
  ResizeObserver: Seen,
  DOMMatrix: class {},
  devicePixelRatio: 1,
  getComputedStyle: (element: Element) => window.getComputedStyle(element),
  requestAnimationFrame: (callback: () => void) => setTimeout(callback, 0),
  cancelAnimationFrame: (frame: ReturnType<typeof setTimeout>) => clearTimeout(frame),
});
Object.defineProperty(document.createElement("canvas").constructor.prototype, "getContext", { value: () => context });
for (const [name, size] of [["clientWidth", 900], ["clientHeight", 200]] as const) {
  Object.defineProperty(Object.getPrototypeOf(document.createElement("div").constructor.prototype), name, { value: size });
}

const shown = async (sent: Grid = grid(), given: Scope = scope({ grid: sent })): Promise<HTMLElement> => {
  Seen.all = [];
  const part = tokens({ rows: sent.rows.length, of: 9 }, given);
  document.body.append(part);
  Seen.all[0]!.come();
  await settled();
  return part;
};
const button = (part: Element, text: string) => [...part.querySelectorAll("button")].find((each) => each.textContent === text)!;
const facts = (part: Element) => part.querySelector(".cell-facts")!.textContent;
const written = () => calls.filter(([name]) => name === "fillText").map(([, [text]]) => text);

test("nothing is asked for until the tokens come near", async () => {
  Seen.all = [];
  let asked = 0;
  const ask = (async () => (asked++, { grid: grid() })) as unknown as Ask;
  const part = tokens({ rows: 2, of: 2 }, { ask, signal: new AbortController().signal });
  Seen.all[0]!.come(false);
  assert.equal(asked, 0);
  Seen.all[0]!.come();
  assert.ok(part.querySelector("[role=status]")!.textContent!.startsWith("Waiting for the kernel"));
  assert.ok(Seen.all[0]!.ended);
  await settled();
  assert.equal(asked, 1);
  assert.ok(part.querySelector("canvas"));
});

test("a kernel that is silent can be asked again", async () => {
  let silent = true;
  const ask = (async () => {
    if (silent) throw new Error("silent");
    return { grid: grid() };
  }) as unknown as Ask;
  const part = await shown(grid(), { ask, signal: new AbortController().signal });
  assert.ok(part.textContent!.includes("The kernel does not answer"));
  silent = false;
  button(part, "Ask again").click();
  assert.ok(part.textContent!.includes("Waiting"));
  await settled();
  assert.ok(part.querySelector(".grid"));
});

test("the legend has what occurs, and how often", async () => {
  const part = await shown();
  assert.deepEqual([...part.querySelectorAll("li")].map((item) => item.textContent), [
    "text 2", "special 2", "attended padding 1", "unknown 1", "token type 1 2", "… text truncated 1 row",
  ]); // prettier-ignore
  const label = part.querySelector(".grid")!.getAttribute("aria-label")!;
  assert.ok(label.startsWith("2 rows, 3 positions; 1 row has padding that is attended; 1 row is named by a finding."), label);
});

test("the cells' tokens and the rows' numbers are painted, those that a finding names first", async () => {
  calls.length = 0;
  const part = await shown();
  assert.equal(button(part, "Token text").getAttribute("aria-pressed"), "true");
  const texts = written();
  assert.deepEqual(texts.slice(0, 6), ["[CLS]", "[CLS]", "[PAD]", "[CLS]", "b", "[UNK]"]);
  assert.ok(texts.indexOf("1") < texts.indexOf("0"));
  assert.ok(texts.includes("Named by a finding"));
  calls.length = 0;
  button(part, "Token text").click();
  assert.ok(!written().includes("[CLS]"));
});

test("a token is cut to its cell", async () => {
  calls.length = 0;
  await shown(grid("A".repeat(200)));
  assert.ok(written().includes("AAAAAAAA…"));
});

test("the keyboard moves from cell to cell, and what is reached is told", async () => {
  const part = await shown();
  const cells = part.querySelector(".grid")!;
  assert.ok(press(cells, "ArrowRight").defaultPrevented);
  assert.equal(facts(part), "Row 1Label 1Position 1Token [CLS]What it is textId 7Type 0");
  press(cells, "End");
  assert.ok(facts(part)!.includes("padding that is attended"));
  press(cells, "ArrowDown");
  assert.ok(facts(part)!.startsWith("Row 0, text truncated"));
  press(cells, "PageUp");
  assert.ok(facts(part)!.startsWith("Row 1"));
  assert.ok(!press(cells, "b").defaultPrevented);
  assert.equal(part.querySelector(".spoken")!.textContent, "");
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(
    part.querySelector(".spoken")!.textContent,
    "Token [PAD], What it is padding that is attended, Id 0, Type 0, Position 2, Row 1, Label 1",
  );
});

test("the table holds a row, and turns to others", async () => {
  const part = await shown(grid(HOSTILE));
  const table = () => part.querySelector("table");
  assert.equal(table(), null);
  button(part, "As a table").click();
  assert.equal(table()!.getAttribute("aria-label"), "Row 1, Label 1, positions 0 to 2");
  assert.equal(table()!.querySelectorAll("tbody tr").length, 3);
  assert.ok(table()!.textContent!.includes(HOSTILE));
  assert.equal(part.querySelectorAll("script, img").length, 0);
  button(part, "Next").click();
  assert.equal(table()!.getAttribute("aria-label"), "Row 0, text truncated, Label 0, positions 0 to 2");
  assert.ok(button(part, "Next").disabled);
});

test("without text there are ids, and it is said why", async () => {
  calls.length = 0;
  const sent = { ...grid(), pieces: null };
  const part = await shown(sent);
  assert.ok(written().includes("101"));
  assert.ok(part.textContent!.includes("Ids only: no tokenizer was found, or --no-text was given."));
  assert.ok(!factsAt(sent, 0, 0).some(([name]) => name === "Token"));
});

test("what the batch does not have is left out, and what it has is told by cell", () => {
  const sent = { ...grid(), mask: [1, 1, 0, 1, 1, true], labels: [0, 1, -100, 0, 1, 2], types: null };
  assert.deepEqual(factsAt(sent, 0, 2).slice(3), [["Id", "0"], ["Mask", "0"], ["Label", "-100"]]);
  assert.deepEqual(factsAt(sent, 1, 2).slice(4), [["Mask", "1"], ["Label", "2"]]);
});

test("all ends with the view", async () => {
  const ending = new AbortController();
  const part = await shown(grid(), scope({ grid: grid() }, ending.signal));
  ending.abort();
  assert.ok(Seen.all.every((each) => each.ended));
  assert.equal(part.querySelector<HTMLCanvasElement>(".grid canvas")!.width, 0);
  const late = new AbortController();
  const other = tokens({ rows: 1, of: 1 }, scope({ grid: grid() }, late.signal));
  Seen.all.at(-1)!.come();
  late.abort();
  await settled();
  assert.equal(other.querySelector("canvas"), null);
});
