"""The panel in a real JupyterLab: what a person sees in both themes, does by mouse and keyboard, and finds again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser.contrast import assert_legible
from browser.driving import PANEL, SHOW, TWIN, Notebook

pytestmark = pytest.mark.browser

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")


@pytest.fixture
def silent(make_notebook: Any) -> Notebook:
    """A notebook that has shown the silent fault."""
    book: Notebook = make_notebook(SHOW.format("silent_fault"))
    book.run_all()
    book.panel()
    return book


def test_the_panel_takes_the_twins_place(silent: Notebook) -> None:
    panel = silent.panel()
    assert panel.locator(".verdict").inner_text().startswith("Fail")
    assert panel.locator("mark").all_inner_texts() == ["labels=2"]
    assert not silent.page.locator(TWIN).is_visible()
    assert silent.page.locator(PANEL).count() == 1


def test_both_themes_are_legible(make_notebook: Any, screenshots: Path) -> None:
    names = ("silent_fault", "raising", "passing")
    book = make_notebook(*(SHOW.format(name) for name in names))
    book.run_all()
    for theme in THEMES:
        book.set_theme(theme)
        for at, name in enumerate(names):
            panel = book.panel(at)
            assert_legible(panel)
            panel.scroll_into_view_if_needed()
            panel.screenshot(
                path=screenshots / f"{name}-{theme.removeprefix('JupyterLab ').replace(' ', '-').lower()}.png"
            )


def test_a_layer_opens_by_mouse_and_by_keyboard(silent: Notebook) -> None:
    panel = silent.panel()
    rows = panel.locator(".layer")
    before = rows.count()
    encoder = panel.get_by_role("row", name="encoder").first
    assert encoder.get_attribute("aria-expanded") == "false"
    encoder.click()
    assert encoder.get_attribute("aria-expanded") == "true"
    assert rows.count() == before + 6
    keyboard = silent.page.keyboard
    keyboard.press("ArrowRight")  # to the first child
    keyboard.press("ArrowRight")  # which opens
    assert rows.count() > before + 6
    opened = rows.count()
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowLeft")
    keyboard.press("Enter")
    assert encoder.get_attribute("aria-expanded") == "false"
    assert rows.count() == before < opened
    # The notebook's own shortcuts on these keys stay away: no cell was entered, moved to or added.
    assert silent.page.locator(".jp-Notebook .jp-Cell").count() == 2
    assert silent.page.locator(".jp-Notebook.jp-mod-editMode").count() == 0


def test_the_fix_can_be_copied(silent: Notebook) -> None:
    silent.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = silent.panel().get_by_role("button", name="Copy cell")
    button.click()
    silent.panel().get_by_role("button", name="Copied").wait_for()
    assert silent.page.evaluate("navigator.clipboard.readText()").startswith("ids = pad_sequences(")


def test_a_panel_can_be_displayed_as_a_widget(make_notebook: Any) -> None:
    book = make_notebook("from bertmagic.panel import panel; panel(silent_fault())")
    book.run_all()
    assert book.panel().locator(".layer").count() == 5
    assert book.page.locator(TWIN).count() == 0


def test_running_the_cell_again_leaves_one_panel(silent: Notebook) -> None:
    for _ in range(5):
        silent.run_all()
        silent.panel()
    assert silent.page.locator(PANEL).count() == 1
    assert silent.page.locator(TWIN).count() == 1
    source = "len(__import__('bertmagic.panel').panel._answers)"
    assert silent.evaluate(source) == "1"


def test_a_restart_gives_the_table_back(silent: Notebook, screenshots: Path) -> None:
    silent.restart()
    silent.page.locator(TWIN).wait_for(state="visible")
    assert silent.page.locator(PANEL).count() == 0
    for theme in THEMES:
        silent.set_theme(theme)
        assert_legible(silent.page.locator(TWIN))
        name = theme.removeprefix("JupyterLab ").replace(" ", "-").lower()
        silent.page.locator(TWIN).screenshot(path=screenshots / f"twin-{name}.png")


def test_a_hostile_report_runs_nothing(make_notebook: Any) -> None:
    book = make_notebook(SHOW.format("hostile"))
    dialogs: list[str] = []
    book.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    book.run_all()
    panel = book.panel()
    book.restart()  # the twin too
    book.page.locator(TWIN).wait_for(state="visible")
    assert panel.count() == 0
    assert book.page.evaluate("window.pwned") is None
    assert not dialogs
    assert book.page.locator(f"{TWIN} :is(script, img, a, iframe)").count() == 0


def test_a_second_check_says_what_changed(make_notebook: Any, screenshots: Path) -> None:
    counted = "count = globals().get('count', -1) + 1\n"
    book = make_notebook(counted + SHOW.format("[silent_fault, passing][count]"))
    book.run_all()
    assert book.panel().get_by_role("heading", name="Since the last check of this cell").count() == 0
    book.run_all()
    panel = book.panel()
    panel.get_by_role("heading", name="Since the last check of this cell").wait_for()
    told = panel.locator("section", has_text="Since the last check").locator("li").all_inner_texts()
    assert told[0] == "the verdict: fail → pass"
    assert "gone: attention-mask-missing on attention_mask" in told
    panel.screenshot(path=screenshots / "changed.png")
    book.restart()
    assert "Changed since the last check of this cell" in book.page.locator(TWIN).inner_text()
