"""What running a cell once more may do that cannot be undone, as far as its source and its names tell.

Recognition is incomplete, and said to be: a function of the user's, or of a library's, may do anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bertmagic.repair.source import constant, keyword_of, last_name
from bertmagic.written import Written

_SHELL = re.compile(r"^\s*(?:[\w, ]+=\s*)?(!|%{1,2}(?!bert)\w+)(.*)$")
# Magics that change nothing that lasts.
_HARMLESS = frozenset({"%matplotlib", "%time", "%timeit", "%%time", "%%timeit", "%who", "%whos", "%pwd", "%config"})
_NETWORK = frozenset(
    {"requests", "urllib", "httpx", "aiohttp", "socket", "boto3", "wandb", "mlflow", "ftplib", "smtplib"}
)
_PROCESSES = frozenset({"subprocess", "shutil"})
_OS = frozenset(
    {"remove", "unlink", "rename", "replace", "rmdir", "removedirs", "mkdir", "makedirs", "system", "putenv", "chdir"}
)
# Methods that write a file or a folder, whoever has them.
_WRITES = re.compile(
    r"^(save\w*|to_(csv|json|parquet|pickle|hdf|excel|sql|feather)|write\w*|dump|export\w*|unlink|rmdir|mkdir|touch)$"
)
_SENDS = frozenset(
    {"push_to_hub", "upload_file", "upload_folder", "snapshot_download", "hf_hub_download", "urlretrieve"}
)
_DOWNLOADS = frozenset({"from_pretrained", "from_preset", "load_dataset", "get_file"})
# Methods that change a list, dict or set where it is.
_IN_PLACE = frozenset(
    {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault", "add", "discard"}
    | {"sort", "reverse"}
)


@dataclass(frozen=True)
class Risk:
    """A line of the cell, from 1, what stands there, and why it is better not run twice unasked."""

    line: int
    what: str
    why: str


def told(written: Written, namespace: Mapping[str, Any]) -> str | None:
    """The risks of running a cell, in lines to be read before it is run; None where none is recognised."""
    found = risks(written.body, ast.parse(written.compiled), namespace, written.before)
    if not found:
        return None
    lines = [f"  line {each.line}: {each.what}  ({each.why})" for each in found]
    return "\n".join(
        [
            "bertfix runs the corrected cell, and this in it may not be undone:",
            *lines,
            "What is recognised is incomplete. `%bertfix --yes` runs it all the same.",
        ]
    )


def risks(body: str, tree: ast.AST, namespace: Mapping[str, Any], offset: int = 0) -> tuple[Risk, ...]:
    """The risks of a cell, by its text and its syntax tree, whose line numbers are `offset` higher than the text's."""
    found = [*_by_line(body), *(_moved(each, offset) for each in _by_tree(tree, namespace))]
    return tuple(sorted(set(found), key=lambda each: (each.line, each.what)))


def _moved(risk: Risk, offset: int) -> Risk:
    return Risk(risk.line - offset, risk.what, risk.why)


def _by_line(body: str) -> Iterator[Risk]:
    for number, line in enumerate(body.splitlines(), 1):
        match = _SHELL.match(line)
        if match is not None and match[1] not in _HARMLESS:
            why = "a command of the shell" if match[1] == "!" else "a magic, which may do anything"
            yield Risk(number, line.strip(), why)


def _by_tree(tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[Risk]:
    modules = {name: value.__name__.partition(".")[0] for name, value in namespace.items() if _is_module(value)}
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            why = _of_call(node, modules, namespace, own)
            if why is not None:
                yield Risk(node.lineno, ast.unparse(node.func) + "(…)", why)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            root = _root(node)
            if root is not None and root in namespace and root not in own and not _is_kept(namespace[root]):
                yield Risk(node.lineno, ast.unparse(node), f"`{root}` is of an earlier cell, and is changed in place")
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id in namespace:
            kind = type(namespace[node.target.id]).__name__
            if kind in ("list", "ndarray", "Tensor", "dict", "set", "DataFrame"):
                yield Risk(
                    node.lineno, ast.unparse(node.target), "it may be of an earlier cell, and is changed in place"
                )
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _runs_out(namespace.get(node.id)):
            yield Risk(node.lineno, node.id, "it gives its items once")


def _of_call(call: ast.Call, modules: Mapping[str, str], namespace: Mapping[str, Any], own: set[str]) -> str | None:
    name, root = last_name(call.func) or "", _root(call.func)
    library = modules.get(root or "", root or "")
    if name == "open" and isinstance(call.func, ast.Name):
        mode = keyword_of(call, "mode")
        said = constant(call.args[1]) if len(call.args) > 1 else constant(mode.value) if mode is not None else "r"
        return "it writes a file" if not isinstance(said, str) or set(said) & set("wax+") else None
    if name == "input" and isinstance(call.func, ast.Name):
        return "it asks at the keyboard"
    if library in _NETWORK or name in _SENDS:
        return "it uses the network"
    if name in _DOWNLOADS and not _is_local(call, namespace):
        return "it may download"
    if library in _PROCESSES or (library == "os" and name in _OS):
        return "it changes files or starts processes"
    if isinstance(call.func, ast.Attribute) and _WRITES.match(name):
        return "it writes"
    if isinstance(call.func, ast.Attribute) and name in _IN_PLACE and root is not None:
        held = namespace.get(root)
        if root in namespace and root not in own and isinstance(held, (list, dict, set)):
            return f"`{root}` is of an earlier cell, and is changed in place"
    return None


def _is_local(call: ast.Call, namespace: Mapping[str, Any]) -> bool:
    """Whether what is loaded lies on this machine: a folder or file by its name."""
    from pathlib import Path

    given = call.args[0] if call.args else None
    value = namespace.get(given.id) if isinstance(given, ast.Name) else constant(given)
    return isinstance(value, (str, Path)) and Path(value).exists()


def _root(node: ast.AST) -> str | None:
    """The name that an expression of attributes and items begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_module(value: Any) -> bool:
    return type(value).__name__ == "module" and isinstance(getattr(value, "__name__", None), str)


def _is_kept(value: Any) -> bool:
    """Whether it is kept aside: a model, an optimizer, a tokenizer."""
    from bertmagic.backends import backend_of
    from bertmagic.observe.tokenizers import is_tokenizer

    kinds = {each.__name__ for each in type(value).__mro__}
    return backend_of(value) is not None or is_tokenizer(value) or bool(kinds & {"Optimizer", "Layer", "Module"})


def _runs_out(value: Any) -> bool:
    """Whether it gives its items once: a generator, an iterator, an open file."""
    kind = type(value)
    return value is not None and hasattr(kind, "__next__") and hasattr(kind, "__iter__")
