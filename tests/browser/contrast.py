"""Measures how legible a panel or a static twin is: the contrast of each text with what lies behind it."""

from __future__ import annotations

from typing import Any

# WCAG 2's contrast ratio of every visible text node below `root`, shadow roots included. Backgrounds are blended from
# the page up, colours read back through a canvas, which knows every notation of CSS.
_SCRIPT = """root => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const rgba = colour => { context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data]; };
  const over = (top, below) => [0, 1, 2].map(i => (top[i] * top[3] + below[i] * (255 - top[3])) / 255);
  const above = node => node.parentElement ?? (node.parentNode instanceof ShadowRoot ? node.parentNode.host : null);
  const behind = element => { const layers = [];
    for (let at = element; at; at = above(at)) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = colour => { const [r, g, b] = colour.map(part => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = [];
  const visit = node => {
    if (node.shadowRoot) visit(node.shadowRoot);
    for (const child of node.childNodes) {
      if (child.nodeType === 1 && !['STYLE', 'SVG', 'svg'].includes(child.nodeName)) visit(child);
      if (child.nodeType !== 3 || !child.data.trim() || !node.getClientRects().length) continue;
      const ground = behind(node), [a, b] = [light(over(rgba(getComputedStyle(node).color), ground)), light(ground)];
      found.push([child.data.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
    }
  };
  visit(root);
  return found;
}"""


def contrasts(root: Any) -> list[tuple[str, float]]:
    """Each visible text below the locator `root` with its contrast ratio (1 to 21)."""
    found: list[tuple[str, float]] = [(text, ratio) for text, ratio in root.evaluate(_SCRIPT)]
    return found


def assert_legible(root: Any, least: float = 4.5, few: int = 20) -> None:
    """Fail where a text's contrast is below `least`; 4.5 is what WCAG 2 asks of text this size (level AA)."""
    found = contrasts(root)
    assert len(found) > few, "too few texts were found to judge"
    poor = [(text, round(ratio, 2)) for text, ratio in found if ratio < least]
    assert not poor, f"contrast below {least}: {poor}"
