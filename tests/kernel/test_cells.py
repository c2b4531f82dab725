"""In a real kernel, a cell under `%%bertcheck` does what it does without."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def kernel(new_kernel: Callable[..., Any], sees_nothing: str) -> Any:
    return new_kernel("%load_ext bertmagic", sees_nothing)


def test_a_failing_cell_stops_run_all_with_the_users_traceback(
    new_client: Callable[..., Any], sees_nothing: str
) -> None:
    from nbclient.exceptions import CellExecutionError

    fault = "a = 1\nb = 2\nc = 3\ndef f(x):\n    return x['input_ids']\nf({})"
    client = new_client("%load_ext bertmagic", sees_nothing, "%%bertcheck\n" + fault, "after = 1")
    with pytest.raises(CellExecutionError, match="KeyError"):
        client.execute()
    cells = client.nb.cells
    assert [output.output_type for output in cells[2].outputs] == ["stream", "error"]
    assert cells[3].execution_count is None
    assert cells[3].outputs == []


FAULTS = {
    "raised": "{}['input_ids']",
    "in a function": "def f(x):\n    return x['input_ids']\nf({})",
    "in a library": "import json\njson.loads('{')",
    "does not compile": "b = (\nc = 2",
    "chained": "try:\n    1 / 0\nexcept Exception as e:\n    raise KeyError('x') from e",
}
# Lines before the fault, so that the context that IPython prints does not reach the first line, which differs.
FAR = "a = 1\n" * 5


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_traceback_is_that_of_the_plain_cell(kernel: Any, fault: str) -> None:
    plain, magic = kernel.run("# plain\n" + FAR + fault), kernel.run("%%bertcheck\n" + FAR + fault)

    def numberless(text: str) -> str:
        # ipykernel names a cell's file by a hash of the whole cell, and a SyntaxError's message has that name.
        return re.sub(r"\d+\.py", "n.py", re.sub(r"In\[\d+\]", "In[n]", text))

    def shown(cell: Any) -> str:
        return numberless(cell.traceback)

    assert (magic.status, magic.error["ename"]) == ("error", plain.error["ename"])
    assert numberless(magic.error["evalue"]) == numberless(plain.error["evalue"])
    assert shown(magic) == shown(plain)
    assert f"In[{magic.number}]" in magic.traceback
    if fault != FAULTS["does not compile"]:
        assert shown(kernel.run("%tb")) == shown(plain)


def test_out_and_underscores(kernel: Any) -> None:
    first, second = kernel.run("%%bertcheck\n'first'"), kernel.run("%%bertcheck\nx = 1\n'second'")
    assert (first.result, second.result) == ("'first'", "'second'")
    silent = kernel.run("%%bertcheck\n'silent';")
    assert (silent.result, silent.status) == (None, "ok")
    shown = kernel.run(f"print(_, __, Out[{first.number}], _{second.number}, {silent.number} in Out)")
    assert shown.out == "second first first second False\n"


def test_shell_lines_and_line_magics(kernel: Any) -> None:
    cell = kernel.run("%%bertcheck\n%time x = 41\n!echo from the shell\nlines = !echo caught\n%env SAID=yes\nx + 1")
    assert cell.status == "ok", cell
    assert "from the shell" in cell.out
    assert "Wall time" in cell.out
    assert cell.result == "42"
    assert kernel.run("lines").result == "['caught']"


def test_help_inside_the_cell(kernel: Any) -> None:
    assert kernel.run("%%bertcheck\nlen?").status == "ok"


def test_a_cell_magic_under_it(kernel: Any) -> None:
    assert kernel.run("%%bertcheck\n%%capture said\nprint('a')").status == "ok"
    assert kernel.run("said.stdout").result == "'a\\n'"


def test_the_history_holds_the_whole_cell(kernel: Any) -> None:
    source = "%%bertcheck --quiet\n# a remark\nx = 1"
    number = kernel.run(source).number
    raw = kernel.run(f"get_ipython().history_manager.input_hist_raw[{number}]")
    assert raw.result == repr(source)
    assert "run_cell_magic('bertcheck', '--quiet', '# a remark" in kernel.run(f"print(In[{number}])").out
    # One number for one cell: nothing inside the magic took a number of its own.
    assert raw.number == number + 1


def test_the_hooks_fire_once(kernel: Any) -> None:
    kernel.run(
        "fired = []\n"
        "hooks = {n: (lambda *_, n=n: fired.append(n)) for n in ('pre_run_cell', 'post_run_cell')}\n"
        "for n, hook in hooks.items(): get_ipython().events.register(n, hook)"
    )
    kernel.run("fired.clear()")
    kernel.run("%%bertcheck\nx = 1")
    shown = kernel.run("for n, hook in hooks.items(): get_ipython().events.unregister(n, hook)\nprint(fired)")
    # The first and the last are those of the cells around.
    assert shown.out == "['post_run_cell', 'pre_run_cell', 'post_run_cell', 'pre_run_cell']\n"


def test_output_name(kernel: Any) -> None:
    kernel.run("%%bertcheck -o checked\n1")
    assert kernel.run("checked.summary").result == "'said'"


def test_the_report_comes_before_the_value(kernel: Any) -> None:
    cell = kernel.run("%%bertcheck\nprint('by the cell')\n5")
    assert [each["output_type"] for each in cell.outputs] == ["stream", "execute_result"]
    assert cell.out == "by the cell\n<report>\n"


BAD = {
    "%%bertcheck --nothing\nx = 1": "unrecognized arguments: --nothing",
    "%%bertcheck --only attention-mask-mising\nx = 1": "did you mean 'attention-mask-missing'?",
    "%%bertcheck --rows none\nx = 1": "rows must be a positive number or 'all'; found 'none'",
    "%%bertcheck --device tpu\nx = 1": "device must be one of auto, cpu, gpu; found 'tpu'",
    "%%bertcheck -o 1\nx = 1": "-o takes a variable's name; found '1'",
    "%%bertcheck\nawait x": "with bertmagic.watching() as watch:",
    "%bertcheck nothing nothing": "NameError: name 'nothing' is not defined",
}


@pytest.mark.parametrize(("source", "said"), BAD.items())
def test_bad_use_is_one_line_and_changes_nothing(kernel: Any, source: str, said: str) -> None:
    kernel.run("x = 'kept'")
    before = kernel.names()
    cell = kernel.run(source)
    assert cell.status == "error"
    assert [each.get("name") for each in cell.outputs] == ["stderr"]
    assert cell.err.startswith("UsageError: ")
    assert cell.err.strip().count("\n") == 0
    assert said in cell.err
    assert kernel.names() == before


def test_a_cell_that_does_not_compile_changes_nothing(kernel: Any) -> None:
    kernel.run("x = 'kept'")
    before = kernel.names()
    cell = kernel.run("%%bertcheck\nx = 1\ny =")
    assert cell.err == "bertcheck: the cell does not compile, and nothing of it was run.\n"
    assert cell.error["ename"] == "SyntaxError"
    assert "line 3" in cell.traceback
    assert kernel.names() == before


def test_interrupting_is_the_users(kernel: Any) -> None:
    cell = kernel.run("%%bertcheck\nimport os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)")
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "magics.py" not in cell.traceback


STATE = """
def _state():
    shell = get_ipython()
    manager = shell.magics_manager
    return {
        "magics": {kind: set(table) for kind, table in manager.magics.items()},
        "registry": "BertMagics" in manager.registry,
        "events": {name: list(calls) for name, calls in shell.events.callbacks.items()},
        "ast": list(shell.ast_transformers),
        "input": [*shell.input_transformers_post, *shell.input_transformers_cleanup],
        "exceptions": (shell.custom_exceptions, shell.CustomTB),
        "names": {name for name in shell.user_ns if not name.startswith("_")},
        "loaded": set(shell.extension_manager.loaded),
    }
"""


def test_unload_removes_all_that_load_added(new_kernel: Callable[..., Any]) -> None:
    kernel = new_kernel(STATE, "_before = _state()")
    assert kernel.run("%load_ext bertmagic").outputs == []
    assert kernel.run("sorted(k for k, v in _state().items() if v != _before[k])").result == (
        "['loaded', 'magics', 'registry']"
    )
    kernel.run("%%bertcheck --quiet\nx = 1\ndel x")
    kernel.run("%%bertcheck --quiet\n1 / 0")
    assert kernel.run("%unload_ext bertmagic").outputs == []
    assert kernel.run("[k for k, v in _state().items() if v != _before[k]]").result == "[]"
    assert kernel.run("'bertcheck' in str(get_ipython().run_line_magic('lsmagic', ''))").result == "False"
    assert "not found" in kernel.run("%%bertcheck\n1").err
