"""The grid of tokens in a real JupyterLab: how fast it is, and what hand, eye and ear get of it."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
from browser.contrast import assert_legible
from browser.driving import Notebook

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
# Before the panel's code: notes how long each callback of an animation frame takes, which is where the grid is painted,
# and when the frame of the first paint was done.
CLOCK = """(() => {
  window.spent = [];
  const next = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = callback => next(now => {
    const start = performance.now();
    callback(now);
    if (!callback.ofTest) window.spent.push(performance.now() - start);
  });
  const measure = performance.measure.bind(performance);
  performance.measure = (name, options) => {
    const entry = measure(name, options);
    if (name !== 'bertmagic tokens') return entry;
    window.painted = entry.duration;
    next(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => window.shown = performance.now() - entry.startTime;
      channel.port2.postMessage(0); });
    return entry;
  };
})()"""
# Scrolls an element from end to end and back, `step` pixels a frame; the time between frames, and what callbacks took.
SCROLL = """async (grid, [axis, step]) => {
  const far = axis === 'scrollTop' ? grid.scrollHeight - grid.clientHeight : grid.scrollWidth - grid.clientWidth;
  const times = [];
  window.spent = [];
  await new Promise(done => {
    let at = 0, way = step;
    const frame = now => {
      times.push(now);
      at += way;
      if (at >= far) way = -step;
      grid[axis] = at;
      if (at > 0) requestAnimationFrame(frame); else done();
    };
    frame.ofTest = true;
    requestAnimationFrame(frame);
  });
  return [times.slice(1).map((time, index) => time - times[index]), window.spent];
}"""
# The red, green and blue of a pixel of the canvas.
PIXEL = """(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(
  x * devicePixelRatio, y * devicePixelRatio, 1, 1).data].slice(0, 3)"""


@pytest.fixture
def make_tokens(make_notebook: Any, page: Any) -> Any:
    """A function from the expression of a report to the section of its tokens, in sight and painted."""

    def make(report: str) -> tuple[Notebook, Any]:
        page.add_init_script(CLOCK)
        book = make_notebook(f"import dataclasses\nfrom bertmagic.panel import show\nshow({report})")
        book.run_all()
        section = book.panel().locator("section.tokens")
        section.scroll_into_view_if_needed()
        section.locator(".grid").wait_for()
        page.wait_for_function("window.shown")
        section.scroll_into_view_if_needed()
        return book, section

    return make


def _facts(section: Any) -> str:
    return str(section.locator(".cell-facts").inner_text()).replace("\n", " ")


def test_the_grid_is_painted_at_once_and_scrolls_smoothly(make_tokens: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book, section = make_tokens("large()")
    painted, shown = book.page.evaluate("[window.painted, window.shown]")
    with capsys.disabled():
        print(  # noqa: T201  # the figures are what the test is for
            f"\ntokens, 64 x 512: painted {painted:.0f} ms after the answer, shown by {shown:.0f} ms"
        )
    assert painted <= 100
    grid, switch = section.locator(".grid"), section.get_by_role("button", name="Token text")
    for size, axis, step in (("cells", "scrollTop", 8), ("text", "scrollTop", 16), ("text", "scrollLeft", 160)):
        if (size == "text") != (switch.get_attribute("aria-pressed") == "true"):
            switch.click()
        intervals, spent = grid.evaluate(SCROLL, [axis, step])
        high = statistics.quantiles(intervals, n=20)[-1]
        with capsys.disabled():
            print(  # noqa: T201
                f"tokens as {size}, {axis}: {len(intervals)} frames, median {statistics.median(intervals):.1f} ms, "
                f"95th percentile {high:.1f} ms, own paint median {statistics.median(spent):.1f} ms, "
                f"longest {max(spent):.1f} ms"
            )
        assert len(spent) >= len(intervals) * 0.9, "the grid was not painted in each frame"
        assert statistics.median(spent) <= 8
        assert statistics.median(intervals) <= 20
    # Only what is in sight is painted.
    width, height = section.locator(".grid canvas").evaluate("canvas => [canvas.width, canvas.height]")
    assert width <= 2 * 1280
    assert height <= 2 * 440


def test_the_keyboard_walks_the_cells(make_tokens: Any) -> None:
    book, section = make_tokens("large()")
    cells = len(book.page.locator(".jp-Notebook .jp-Cell").all())
    keyboard = book.page.keyboard
    section.locator(".grid").focus()
    # Rows that a finding names come first.
    assert _facts(section).startswith("Row 3 Label 1 Position 0 Token [CLS] What it is special token Id 101")
    for key, row, position in (
        ("ArrowRight", 3, 1), ("ArrowDown", 30, 1), ("ArrowDown", 0, 1), ("End", 0, 511), ("ArrowRight", 0, 511),
        ("Home", 0, 0), ("Control+End", 63, 511), ("PageUp", 30, 511), ("Control+Home", 3, 0), ("ArrowLeft", 3, 0),
    ):  # fmt: skip
        keyboard.press(key)
        facts = _facts(section)
        if key == "PageUp":
            assert "Row 63" not in facts
        else:
            assert facts.startswith(f"Row {row}"), (key, facts)
        assert f"Position {position} " in facts, (key, facts)
    keyboard.press("Control+End")
    section.locator(".spoken", has_text="Token [PAD], What it is padding that is attended").wait_for(state="attached")
    # What is moved to is in sight.
    left, wide = section.locator(".grid").evaluate("grid => [grid.scrollLeft + grid.clientWidth, grid.scrollWidth]")
    assert left >= wide - 2
    top, high = section.locator(".grid").evaluate("grid => [grid.scrollTop + grid.clientHeight, grid.scrollHeight]")
    assert top >= high - 4
    # The notebook's shortcuts on these keys stay away; Escape gives it the keys back.
    assert len(book.page.locator(".jp-Notebook .jp-Cell").all()) == cells
    keyboard.press("Escape")
    assert section.evaluate("section => section.getRootNode().activeElement") is None
    assert book.page.evaluate("document.activeElement.closest('.jp-Notebook') !== null")


def test_what_the_pointer_is_on_is_told(make_tokens: Any) -> None:
    book, section = make_tokens("passing()")
    grid = section.locator(".grid")
    box = grid.bounding_box()
    book.page.mouse.move(box["x"] + 120, box["y"] + 30)
    assert "Row 0" in _facts(section)
    assert "Mask 1" in _facts(section)
    before = _facts(section)
    book.page.mouse.move(box["x"] + 200, box["y"] + 30)
    assert _facts(section) != before
    assert section.locator(".spoken").inner_text() == ""
    book.page.mouse.click(box["x"] + 200, box["y"] + 54)
    section.locator(".spoken", has_text="Row 1").wait_for(state="attached")


def test_it_is_painted_anew_with_the_theme(make_tokens: Any, screenshots: Path) -> None:
    book, section = make_tokens("deep()")
    canvas = section.locator(".grid canvas")
    switch = section.get_by_role("button", name="Token text")
    seen = []
    for theme in ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast", "JupyterLab Light"):
        book.set_theme(theme)
        name = theme.removeprefix("JupyterLab ").replace(" ", "-").lower()
        seen.append(canvas.evaluate(PIXEL, [2, 2]))
        shade = section.evaluate(
            """section => { const canvas = new OffscreenCanvas(1, 1).getContext('2d');
            canvas.fillStyle = getComputedStyle(section.closest('article')).backgroundColor;
            canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); }"""
        )
        assert seen[-1] == shade
        assert_legible(section, few=8)
        for size in ("cells", "text"):
            section.screenshot(path=screenshots / f"tokens-{size}-{name}.png")
            switch.click()
    assert seen[0] != seen[1]
    assert seen[0] == seen[3]
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    book.page.emulate_media(forced_colors="active")
    book.page.wait_for_timeout(300)
    assert canvas.evaluate("canvas => canvas.toDataURL()") != before
    section.screenshot(path=screenshots / "tokens-forced-colors.png")


def test_the_table_has_what_the_grid_shows(make_tokens: Any) -> None:
    book, section = make_tokens("large()")
    section.get_by_role("button", name="As a table").click()
    table = section.get_by_role("table")
    assert table.locator("tbody tr").count() == 512
    assert table.locator("th[scope=col]").all_inner_texts() == ["Position", "Token", "What it is", "Id", "Type"]
    assert table.locator("tbody tr").first.inner_text().split("\t") == ["0", "[CLS]", "special token", "101", "0"]
    assert table.locator("tbody tr").last.inner_text().split("\t")[2] == "padding that is attended"
    assert (table.get_attribute("aria-label") or "").startswith("Row 3, Label 1")
    section.get_by_role("button", name="Next").click()
    assert (table.get_attribute("aria-label") or "").startswith("Row 30, text truncated, Label 0")
    section.locator(".grid").focus()
    book.page.keyboard.press("Control+End")
    section.get_by_text("Row 63, Label 1, positions 0 to 511").wait_for()
    assert section.get_by_role("button", name="Next").is_disabled()


def test_a_narrow_panel_and_a_large_page(make_tokens: Any, screenshots: Path) -> None:
    book, section = make_tokens("deep()")
    book.page.set_viewport_size({"width": 874, "height": 900})  # 420 beside the side bar
    book.page.wait_for_timeout(500)
    section.scroll_into_view_if_needed()
    grid, canvas = section.locator(".grid"), section.locator(".grid canvas")
    assert 400 <= section.bounding_box()["width"] <= 430
    assert grid.evaluate("grid => grid.scrollWidth <= grid.clientWidth"), "128 positions fit"
    assert canvas.evaluate("canvas => Math.abs(canvas.width - canvas.parentElement.parentElement.clientWidth * 2)") <= 1
    section.screenshot(path=screenshots / "tokens-narrow.png")
    # A zoom is more of the device's pixels for each of the page's, and fewer of those.
    session = book.page.context.new_cdp_session(book.page)
    size = {"width": 640, "height": 700, "deviceScaleFactor": 4, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", size)
    book.page.wait_for_timeout(500)
    assert book.page.evaluate("devicePixelRatio") == 4
    assert canvas.evaluate("canvas => Math.abs(canvas.width - canvas.parentElement.parentElement.clientWidth * 4)") <= 1
    section.screenshot(path=screenshots / "tokens-zoomed.png")


def test_without_text_ids_are_shown(make_tokens: Any, screenshots: Path) -> None:
    _, section = make_tokens(
        "dataclasses.replace(deep(), tokens=dataclasses.replace(tokens(4, 16, (2,)), pieces=None))"
    )
    assert section.get_by_text("Ids only").count() == 1
    assert section.get_by_role("button", name="Token ids").get_attribute("aria-pressed") == "true"
    section.locator(".grid").focus()
    assert _facts(section).startswith("Row 2 Label 0 Position 0 What it is special token Id 101")
    section.get_by_role("button", name="As a table").click()
    assert "[CLS]" not in section.inner_text()
    section.screenshot(path=screenshots / "tokens-ids.png")


def test_nothing_of_a_hostile_batch_runs(make_tokens: Any, screenshots: Path) -> None:
    book, section = make_tokens("hostile()")
    section.get_by_role("button", name="As a table").click()
    section.locator(".grid").focus()
    book.page.keyboard.press("ArrowRight")
    assert "<script>window.pwned=1</script>" in _facts(section)
    assert book.page.evaluate("window.pwned") is None
    assert section.locator("script, img").count() == 0
    section.screenshot(path=screenshots / "tokens-hostile.png")


def test_axe_finds_nothing(make_tokens: Any) -> None:
    if not AXE.is_file():
        pytest.skip("THE TOKENS' ACCESSIBILITY IS NOT CHECKED: axe-core is not installed (npm ci in js/)")
    book, section = make_tokens("deep()")
    section.get_by_role("button", name="As a table").click()
    section.locator(".grid").focus()
    book.page.keyboard.press("ArrowRight")
    book.page.add_script_tag(path=str(AXE))
    where = "{include: {fromShadowDom: ['.bertmagic-panel', 'section.tokens']}}"
    found = book.page.evaluate(f"async () => await axe.run({where})")
    assert len(found["passes"]) > 10, "too few of axe's rules applied"
    poor = [(each["id"], node["html"]) for each in found["violations"] for node in each["nodes"]]
    assert not poor, poor
