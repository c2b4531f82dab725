// The only file that knows anywidget: puts the panel beside its static twin while the kernel answers, and takes it away.
//
// A widget that is displayed leaves a dead view in a saved notebook. So the output holds the twin alone, this model has
// no view, and the panel mounts only when the kernel has answered: a saved module runs again on reopening, with nobody
// behind it.
import { draw } from "./report";

interface Model {
  get(name: "uid" | "report"): string; // the report as JSON
  send(content: unknown): void;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
}

const HOST = "bertmagic-panel";

function initialize({ model }: { model: Model }): (() => void) | void {
  const uid = model.get("uid");
  if (!uid) return; // displayed in the ordinary way: `render` draws it
  const mounted = new Map<HTMLElement, HTMLElement>(); // twin: panel
  let alive = false;
  let waiting = false;

  const twins = () => document.querySelectorAll<HTMLElement>(`#bm-${CSS.escape(uid)}`); // "new view for output" copies it
  const mount = () => {
    waiting = false;
    if (!alive) return;
    for (const twin of twins()) {
      let panel = mounted.get(twin);
      if (!panel) {
        panel = document.createElement("div");
        panel.className = HOST;
        draw(panel, JSON.parse(model.get("report")));
        mounted.set(twin, panel);
      }
      if (twin.nextSibling !== panel) twin.after(panel);
      twin.hidden = true;
    }
  };
  const unmount = () => {
    alive = false;
    observer.disconnect();
    for (const [twin, panel] of mounted) {
      panel.remove();
      twin.hidden = false;
    }
    mounted.clear();
  };
  // The twin may arrive after the widget, and the front end may draw an output anew. Only looked at once a turn.
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(mount, 30);
  });
  const answer = (content: unknown) => {
    if ((content as { type?: unknown } | null)?.type !== "pong" || alive) return;
    alive = true;
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
  const panel = document.createElement("div");
  panel.className = HOST;
  draw(panel, JSON.parse(model.get("report")));
  el.append(panel);
  return () => panel.remove();
}

export default { initialize, render };
