// The layers' columns as a tree of rows, and which of them are open at first.
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
  status: string;
  level: number;
  parent: Layer | null;
  children: Layer[];
}

export function tree(columns: LayerColumns): Layer[] {
  const text = (index: number | undefined): string => columns.strings[index ?? -1] ?? "";
  const layers: Layer[] = [];
  columns.rest.forEach((rest, index) => {
    const parent = layers[columns.parent[index] ?? -1] ?? null;
    const layer: Layer = {
      path: (parent?.path.slice(0, columns.shared[index]) ?? "") + rest,
      name: rest.replace(/^[/.]+/, "") || rest,
      type: text(columns.type[index]),
      inputs: (columns.inputs[index] ?? []).map(text),
      outputs: (columns.outputs[index] ?? []).map(text),
      dtype: text(columns.dtype[index]),
      params: columns.params[index] ?? null,
      seconds: columns.seconds[index] ?? null,
      status: text(columns.status[index]),
      level: parent ? parent.level + 1 : 1,
      parent,
      children: [],
    };
    parent?.children.push(layer);
    layers.push(layer);
  });
  return layers;
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
    for (let above = failed.parent; above; above = above.parent) open.add(above);
  }
  return open;
}
