"""A shell with bertmagic loaded, whose session, panel and rules are stand-ins."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from cell_shell import Fakes, Session
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from bertmagic.options import BadUse
from bertmagic.report import Report


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()

    class Watch:
        def __init__(self, **asked: Any) -> None:
            fakes.asked.append(asked)

        def __enter__(self) -> Watch:
            if fakes.on_enter is not None:
                raise fakes.on_enter
            return self

        def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
            fakes.seen.append(error)
            if fakes.on_exit is not None:
                raise fakes.on_exit
            self.report = fakes.report

    def check_objects(*objects: Any, **asked: Any) -> Report:
        fakes.asked.append({"objects": objects, **asked})
        return fakes.report

    def find_pair(namespace: dict[str, Any]) -> Any:
        if "net" not in namespace:
            raise BadUse("no model in the kernel")
        return types.SimpleNamespace(model="net", inputs="batch", labels=None, said="net with batch")

    def show(report: Report) -> None:
        if fakes.on_show is not None:
            raise fakes.on_show
        fakes.log.append("shown")
        fakes.shown.append(report)

    rule = types.SimpleNamespace(page=lambda: "what, why, wrong, right")
    for name, content in {
        "session": {"Watch": Watch},
        "objects": {"check_objects": check_objects, "find_pair": find_pair},
        "panel": {"show": show},
        "rules": {"RULES": {"labels-shape": rule, "input-missing": rule}},
    }.items():
        module = types.ModuleType(f"bertmagic.{name}")
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return fakes


@pytest.fixture
def session(fakes: Fakes, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    # IPython spells it "NoColor" up to 8.x and "nocolor" from 9.0 on.
    shell.run_line_magic("colors", "nocolor" if hasattr(shell.InteractiveTB, "_theme_name") else "NoColor")
    shell.extension_manager.load_extension("bertmagic")
    yield Session(shell)
    shell.extension_manager.unload_extension("bertmagic")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
