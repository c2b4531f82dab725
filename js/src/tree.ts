// The layers' columns as a tree of rows, which of them are open at first, and which a filter finds.
import type { LayerColumns } from "./data";

export interface Layer {
  path: string;
  name: string;
  type: string;
  inputs: string[];
  outputs: string[];
  dtype: string;
  params: number | null;
  seconds: number | null;
  share: number | null; // of the outermost layer's time
  status: string; // `failed` is the innermost layer that did; those above it are `failed inside`
  level: number;
  parent: Layer | null;
  children: Layer[];
}

export function tree(columns: LayerColumns): Layer[] {
  const text = (index: number | undefined): string => columns.strings[index ?? -1] ?? "";
  const layers: Layer[] = [];
  const whole: (number | null)[] = []; // the time of the outermost layer above each
  columns.rest.forEach((rest, index) => {
    const above = columns.parent[index] ?? -1;
    const parent = layers[above] ?? null;
    const seconds = columns.seconds[index] ?? null;
    const all = parent ? whole[above]! : seconds;
    const layer: Layer = {
      path: (parent?.path.slice(0, columns.shared[index]) ?? "") + rest,
      name: rest.replace(/^[/.]+/, "") || rest,
      type: text(columns.type[index]),
      inputs: (columns.inputs[index] ?? []).map(text),
      outputs: (columns.outputs[index] ?? []).map(text),
      dtype: text(columns.dtype[index]),
      params: columns.params[index] ?? null,
      seconds,
      share: seconds !== null && all ? Math.min(1, seconds / all) : null,
      status: text(columns.status[index]),
      level: parent ? parent.level + 1 : 1,
      parent,
      children: [],
    };
    parent?.children.push(layer);
    layers.push(layer);
    whole.push(all);
  });
  return layers;
}

/** `layer` and all above it, the innermost first. */
export function upwards(layer: Layer | null): Layer[] {
  return layer ? [layer, ...upwards(layer.parent)] : [];
}

/** The layers whose children show at first: the outermost, only children below it, and the path to each that failed. */
export function openAtFirst(layers: Layer[]): Set<Layer> {
  const open = new Set<Layer>();
  const outermost = layers.filter((layer) => !layer.parent);
  for (let layer = outermost[0]; layer?.children.length; layer = layer.children[0]) {
    open.add(layer);
    if (layer.children.length > 1) break;
  }
  for (const failed of layers.filter((layer) => layer.status === "failed")) {
    for (const above of upwards(failed.parent)) open.add(above);
  }
  return open;
}

/** The layers that have all of the words in their path or type. */
export function matches(layers: Layer[], words: string[]): Layer[] {
  return layers.filter(({ path, type }) => {
    const text = `${path} ${type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
