"""The panel for everyone: axe finds nothing, the keyboard reaches all, at 200 % and in a narrow output it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser.contrast import assert_legible
from browser.driving import PANEL, SHOW, TWIN, Notebook

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
SAMPLES = ("silent_fault", "raising", "passing")
# What a panel is asked to be: WCAG 2.2 at level AA, and axe's best practices but for the page's own landmarks.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN_AXE = """async ([root, tags]) => {
  const options = {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'],
    rules: {region: {enabled: false}, 'heading-order': {enabled: false}}};
  const said = node => [...node.any, ...node.all, ...node.none].map(check => check.message).join('; ');
  const {violations} = await axe.run(root, options);
  return violations.map(({id, nodes}) => `${id}: ${nodes.map(node => `${node.html.slice(0, 160)} (${said(node)})`)}`);
}"""
# An element as a person would name it.
_NAME = "at => `${at.localName} ${(at.getAttribute('aria-label') ?? at.textContent).trim().slice(0, 40)}`"
_FOCUSED = f"""() => {{ let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at && at.getRootNode() !== document ? ({_NAME})(at) : null; }}"""
# Elements beyond the panel's right edge, but for what scrolls.
_SPILLED = """host => {
  const article = host.shadowRoot.querySelector('article'), right = article.getBoundingClientRect().right + 1;
  return [...article.querySelectorAll('*')]
    .filter(each => !each.closest('.scroll *, svg') && each.getBoundingClientRect().right > right)
    .map(each => each.outerHTML.slice(0, 80));
}"""


def violations(page: Any, root: str) -> list[str]:
    """What axe has to say of the elements that `root` selects, shadow roots included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(_RUN_AXE, [root, TAGS])
    return list(found)


@pytest.fixture
def shown(make_notebook: Any) -> Notebook:
    """A notebook with the panels of the samples."""
    if not AXE.is_file():
        pytest.skip("NOT RUN: axe-core is not installed (npm --prefix js ci)")
    book: Notebook = make_notebook(*(SHOW.format(name) for name in SAMPLES))
    book.run_all()
    for at in range(len(SAMPLES)):
        book.panel(at)
    return book


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_panels(shown: Notebook, theme: str) -> None:
    shown.set_theme(theme)
    for part in shown.page.locator(f"{PANEL} details").all():
        part.evaluate("details => { details.open = true }")
    shown.page.wait_for_timeout(500)
    assert violations(shown.page, PANEL) == []


def test_axe_finds_nothing_in_the_tables(shown: Notebook) -> None:
    shown.restart()
    shown.page.locator(TWIN).first.wait_for(state="visible")
    for part in shown.page.locator(f"{TWIN} details").all():
        part.evaluate("details => { details.open = true }")
    assert violations(shown.page, TWIN) == []


def test_the_keyboard_reaches_all_of_it(shown: Notebook) -> None:
    panel = shown.panel(0)
    summary = panel.locator("summary").first
    summary.focus()
    reached = set()
    for _ in range(60):
        name = shown.page.evaluate(_FOCUSED)
        if name is None:
            break
        reached.add(name)
        shown.page.keyboard.press("Tab")
    else:
        pytest.fail(f"the focus never left the panel: {sorted(reached)}")
    focusable = ":is(summary, button, input, select, [tabindex='0']):visible"
    wanted = [element.evaluate(_NAME) for element in panel.locator(focusable).all()]
    assert set(wanted) <= reached
    assert wanted


def test_it_holds_at_200_percent_and_in_a_narrow_output(shown: Notebook, screenshots: Path) -> None:
    for name, width, zoom in (("narrow", 760, 1), ("narrowest", 620, 1), ("zoomed", 1280, 2)):
        shown.page.set_viewport_size({"width": width, "height": 1400})
        shown.page.evaluate("zoom => { document.body.style.zoom = zoom }", str(zoom))
        shown.page.wait_for_timeout(400)
        panel = shown.panel(0)
        panel.screenshot(path=screenshots / f"{name}.png")
        assert_legible(panel)
        # What is wider than the panel scrolls inside it: nothing is cut off, and the notebook does not scroll.
        spilled = panel.evaluate(_SPILLED)
        assert spilled == []


def test_the_page_of_a_rule_opens_in_the_panel(make_notebook: Any, screenshots: Path) -> None:
    book = make_notebook(SHOW.format("silent_fault"))
    book.run_all()
    part = book.panel().locator("details", has_text="About this rule").last
    first = book.panel().locator(".inside details").first
    first.locator("summary").click()
    first.get_by_text("What it finds:").wait_for()
    assert first.locator("pre").count() == 2
    assert part.locator("pre").count() == 0
    book.panel().screenshot(path=screenshots / "rule-page.png")
