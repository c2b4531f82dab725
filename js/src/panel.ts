// The only file that knows anywidget: puts panels beside their static twins while the kernel answers, and takes them away.
//
// A widget that is displayed leaves a dead view in a saved notebook. So the output holds the twin alone, the kernel's one
// model has no view, and panels mount only when the kernel has answered: a saved module runs again on reopening, with
// nobody behind it.
import type { Ask, Report, Scope } from "./data";
import { draw } from "./report";

interface Model {
  get(name: "report"): string; // as JSON, empty in the model that is not displayed
  send(content: unknown): void;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
}

interface Message {
  type?: unknown;
  uid?: unknown;
  rule?: unknown;
  uids?: string[];
  report?: Report;
}

/** A panel with a report; `end` takes it from the page, and ends its listeners. */
interface Mounted {
  panel: HTMLElement;
  end: () => void;
}

const HOST = "bertmagic-panel";
const TWIN = "bm-"; // begins the ids of twins
const PATIENCE = 20_000; // milliseconds until a kernel that is busy counts as silent

function initialize({ model }: { model: Model }): (() => void) | void {
  if (model.get("report")) return; // displayed in the ordinary way: `render` draws it
  const reports = new Map<string, Report | null>(); // by twin that has a panel; null until its report has come
  const mounted = new Map<HTMLElement, Mounted>(); // by twin
  let waiting = false;

  const mount = () => {
    waiting = false;
    const twins = [...document.querySelectorAll<HTMLElement>(`[id^="${TWIN}"]`)]; // "new view for output" copies one
    // An output that is drawn anew leaves its old twin behind; one that is only scrolled out of sight comes back.
    if (twins.some((twin) => !mounted.has(twin))) {
      for (const twin of mounted.keys()) if (!twin.isConnected) leave(twin);
    }
    for (const twin of twins) {
      const uid = twin.id.slice(TWIN.length);
      const report = reports.get(uid);
      if (!report) continue;
      const made = mounted.get(twin) ?? fill(report, model, uid);
      mounted.set(twin, made);
      if (twin.nextSibling !== made.panel) twin.after(made.panel);
      twin.hidden = true;
    }
  };
  const leave = (twin: HTMLElement) => {
    mounted.get(twin)?.end();
    mounted.delete(twin);
    twin.hidden = false;
  };
  const unmount = () => {
    observer.disconnect();
    reports.clear();
    for (const twin of mounted.keys()) leave(twin);
  };
  // The twin may arrive after its report. Only looked at once a turn.
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(mount, 30);
  });
  const expect = (uid: string) => {
    if (reports.has(uid)) return;
    reports.set(uid, null);
    model.send({ type: "report", uid });
  };
  const forget = (uid: string) => {
    reports.delete(uid);
    for (const twin of mounted.keys()) if (twin.id === TWIN + uid) leave(twin);
  };
  const listen = (content: unknown) => {
    const { type, uid, uids, report } = (content ?? {}) as Message;
    if (type === "pong" && uids) {
      observer.observe(document.body, { childList: true, subtree: true });
      uids.forEach(expect);
    } else if (typeof uid === "string") {
      if (type === "shown") expect(uid);
      else if (type === "gone") forget(uid);
      else if (type === "report" && report && reports.get(uid) === null) {
        reports.set(uid, report);
        mount();
      }
    }
  };
  const ask = () => {
    unmount();
    try {
      model.send({ type: "ping" });
    } catch {
      // The kernel is gone, and the twins are back.
    }
  };

  model.on("msg:custom", listen);
  model.on("comm_live_update", ask);
  ask();
  return () => {
    model.off("msg:custom", listen);
    model.off("comm_live_update", ask);
    unmount();
  };
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const { panel, end } = fill(JSON.parse(model.get("report")), model);
  el.append(panel);
  return end;
}

function fill(report: Report, model: Model, uid?: string): Mounted {
  const panel = document.createElement("div");
  const ending = new AbortController();
  const scope: Scope = { ask: asking(model, uid, ending.signal), signal: ending.signal };
  panel.className = HOST;
  draw(panel, report, scope);
  return {
    panel,
    end: () => {
      ending.abort();
      panel.remove();
    },
  };
}

function asking(model: Model, uid: string | undefined, signal: AbortSignal): Ask {
  const ask = (question: { type: string; rule?: string }) =>
    new Promise<unknown>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        model.off("msg:custom", listen);
        signal.removeEventListener("abort", silent);
      };
      const silent = () => {
        end();
        reject(new Error("The kernel does not answer."));
      };
      const listen = (content: unknown) => {
        const answer = (content ?? {}) as Message;
        if (answer.type !== question.type || answer.uid !== uid || answer.rule !== question.rule) return;
        end();
        resolve(content);
      };
      const timer = setTimeout(silent, PATIENCE);
      signal.addEventListener("abort", silent);
      model.on("msg:custom", listen);
      try {
        model.send({ ...question, uid });
      } catch {
        silent();
      }
    });
  return ask as Ask;
}

export default { initialize, render };
