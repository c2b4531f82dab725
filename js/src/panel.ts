// The only file that knows anywidget: puts the panel beside its static twin while the kernel answers, and takes it away.
//
// A widget that is displayed leaves a dead view in a saved notebook. So the output holds the twin alone, this model has
// no view, and the panel mounts only when the kernel has answered: a saved module runs again on reopening, with nobody
// behind it.
import type { Ask, Report, Scope } from "./data";
import { draw } from "./report";

interface Model {
  get(name: "uid" | "report"): string; // the report as JSON, empty where it is to be asked for
  send(content: unknown): void;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
}

interface Answer {
  type?: unknown;
  rule?: unknown;
  report?: Report;
}

const HOST = "bertmagic-panel";
const PATIENCE = 20_000; // milliseconds until a kernel that is busy counts as silent

function initialize({ model }: { model: Model }): (() => void) | void {
  const uid = model.get("uid");
  if (!uid) return; // displayed in the ordinary way: `render` draws it
  const mounted = new Map<HTMLElement, Mounted>(); // by twin
  let report: Report | null = null; // while the kernel answers
  let waiting = false;

  const mount = () => {
    waiting = false;
    if (!report) return;
    const twins = [...document.querySelectorAll<HTMLElement>(`#bm-${CSS.escape(uid)}`)]; // "new view for output" copies it
    // An output that is drawn anew leaves its old twin behind; one that is only scrolled out of sight comes back.
    if (twins.some((twin) => !mounted.has(twin))) {
      for (const twin of mounted.keys()) if (!twin.isConnected) leave(twin);
    }
    for (const twin of twins) {
      const made = mounted.get(twin) ?? fill(report, model);
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
    report = null;
    observer.disconnect();
    for (const twin of mounted.keys()) leave(twin);
  };
  // The twin may arrive after the widget. Only looked at once a turn.
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(mount, 30);
  });
  const answer = (content: unknown) => {
    const answered = content as Answer | null;
    if (answered?.type !== "pong" || !answered.report || report) return;
    report = answered.report;
    observer.observe(document.body, { childList: true, subtree: true });
    mount();
  };
  const ask = () => {
    unmount();
    try {
      model.send({ type: "ping" });
    } catch {
      // The kernel is gone, and the twin is back.
    }
  };

  model.on("msg:custom", answer);
  model.on("comm_live_update", ask);
  ask();
  return () => {
    model.off("msg:custom", answer);
    model.off("comm_live_update", ask);
    unmount();
  };
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const { panel, end } = fill(JSON.parse(model.get("report")), model);
  el.append(panel);
  return end;
}

/** A panel with the report; `end` takes it from the page, and ends its listeners. */
interface Mounted {
  panel: HTMLElement;
  end: () => void;
}

function fill(report: Report, model: Model): Mounted {
  const panel = document.createElement("div");
  const ending = new AbortController();
  const scope: Scope = { ask: asking(model, ending.signal), signal: ending.signal };
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

function asking(model: Model, signal: AbortSignal): Ask {
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
        const answered = content as Answer | null;
        if (answered?.type !== question.type || answered?.rule !== question.rule) return;
        end();
        resolve(content);
      };
      const timer = setTimeout(silent, PATIENCE);
      signal.addEventListener("abort", silent);
      model.on("msg:custom", listen);
      try {
        model.send(question);
      } catch {
        silent();
      }
    });
  return ask as Ask;
}

export default { initialize, render };
