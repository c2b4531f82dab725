"""Mends a cell that mixes Keras 2 and Keras 3: all of Keras is taken from the generation of the cell's model."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.keras_versions import at_home

# What only one generation has, and the other has elsewhere.
_ELSEWHERE = {"optimizers.legacy.": "optimizers.", "optimizers.experimental.": "optimizers."}
# Settings of an optimizer that both generations take by the same name.
_SETTINGS = ("learning_rate", "beta_1", "beta_2", "epsilon", "momentum", "rho", "weight_decay", "clipnorm", "amsgrad")


@repairs("keras-version-conflict")
def take_one_generation(trouble: Trouble) -> Repair | None:
    """Imports in this cell name the other package; for those of an earlier cell, an import here takes their place."""
    raised = trouble.cell.raised
    if raised is None:
        return None
    owner = raised.owner
    family = owner.framework if owner is not None and owner.framework in ("keras", "tf-keras") else None
    if family is None:
        family = "tf-keras" if raised.callee.partition(".")[0] == "tf_keras" else "keras"
    home = "tf_keras" if at_home(trouble.cell, raised, family) == "tf-keras" else "keras"
    if home not in sys.modules:
        return None
    edits, names = _imports(trouble, home)
    edits += _attributes(trouble, home)
    lines = _lines(trouble, home, names)
    if lines:
        edits.append(_first_lines(trouble, lines))
    if not edits:
        return None
    return Repair(tuple(edits))


def _imports(trouble: Trouble, home: str) -> tuple[list[Edit], set[str]]:
    """The cell's own imports of the other generation, of the right one; and the names that the cell imports."""
    edits: list[Edit] = []
    names: set[str] = set()
    for node in trouble.source.nodes(ast.Import, ast.ImportFrom):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names |= {(each.asname or each.name).partition(".")[0] for each in node.names}
        is_from = isinstance(node, ast.ImportFrom)
        text = _import_from(trouble, node, home) if is_from else _import(trouble, node, home)  # type: ignore[arg-type]
        if text is not None:
            edits.append(trouble.source.replace(node, text))
    return edits, names


def _import_from(trouble: Trouble, node: ast.ImportFrom, home: str) -> str | None:
    own = trouble.source.segment(node)
    module = node.module or ""
    if (
        module == "tensorflow"
        and any(each.name == "keras" for each in node.names)
        and _tensorflows_is_other(trouble, home)
    ):
        if len(node.names) != 1:
            raise NotEditable
        said = node.names[0].asname or "keras"
        return f"import {home}" if said == home else f"import {home} as {said}"
    inside = _inside(trouble, module, home)
    if inside is None:
        return None
    for each in node.names:
        if each.name != "*" and _found(home, f"{inside}.{each.name}".strip(".")) is None:
            raise NotEditable
    new = f"{home}.{inside}" if inside else home
    return re.sub(rf"(?<=from)(\s+){re.escape(module)}\b", rf"\g<1>{new}", own, count=1)


def _import(trouble: Trouble, node: ast.Import, home: str) -> str | None:
    parts, changed = [], False
    for each in node.names:
        inside = _inside(trouble, each.name, home)
        if inside is None:
            parts.append(f"{each.name} as {each.asname}" if each.asname else each.name)
            continue
        said = each.asname
        if said is None and each.name.startswith("tensorflow."):
            raise NotEditable  # it is written out as `tensorflow.keras` wherever it is used
        said = said or each.name.partition(".")[0]
        new = f"{home}.{inside}" if inside else home
        if inside and each.asname is None:
            raise NotEditable
        parts.append(new if said == new else f"{new} as {said}")
        changed = True
    return f"import {', '.join(parts)}" if changed else None


def _inside(trouble: Trouble, module: str, home: str) -> str | None:
    """The way into Keras of a module's name, where it is of the other generation: `layers` of `keras.layers`."""
    other = "keras" if home == "tf_keras" else "tf_keras"
    roots = [other, *(("tensorflow.keras",) if _tensorflows_is_other(trouble, home) else ())]
    for root in roots:
        if module == root or module.startswith(f"{root}."):
            inside = module[len(root) :].strip(".")
            for old, new in _ELSEWHERE.items():
                inside = f"{inside}.".replace(old, new).strip(".")
            if _found(home, inside) is None:
                raise NotEditable
            return inside
    return None


def _tensorflows_is_other(trouble: Trouble, home: str) -> bool:
    return trouble.cell.tf_keras_is == ("keras" if home == "tf_keras" else "tf-keras")


def _attributes(trouble: Trouble, home: str) -> list[Edit]:
    """`tf.keras.…` where that is the other generation, as `keras.…` or `tf_keras.…`."""
    tensorflow = trouble.module("tensorflow")
    if tensorflow is None or not _tensorflows_is_other(trouble, home):
        return []
    edits = []
    for node in trouble.source.nodes(ast.Attribute):
        if not isinstance(node, ast.Attribute) or ast.unparse(node) != f"{tensorflow}.keras":
            continue
        whole: ast.AST = node
        while isinstance(above := trouble.source.parent(whole), ast.Attribute):
            whole = above
        inside = ast.unparse(whole)[len(f"{tensorflow}.keras") :].strip(".")
        moved = inside
        for old, new in _ELSEWHERE.items():
            moved = moved.replace(old, new)
        if not _is_there(home, moved):
            raise NotEditable
        target: ast.AST = node if moved == inside else whole
        edits.append(trouble.source.replace(target, home if moved == inside else f"{home}.{moved}"))
    return edits


def _lines(trouble: Trouble, home: str, imported: set[str]) -> list[str]:
    """The lines that give names of an earlier cell their other meaning, for those that this cell uses."""
    lines: list[str] = []
    stored = _stored(trouble)
    for name, uses in _used(trouble):
        if name in imported or name in stored:
            continue
        value = trouble.value(name)
        way = _way(value)
        if way is None:
            continue
        generation, inside = way
        if generation == home:
            continue
        if hasattr(value, "__qualname__") or _is_module(value):
            line = _import_line(home, inside, name)
            if _is_module(value) and not all(_is_there(home, _joined(inside, each)) for each in uses):
                raise NotEditable
        else:
            line = _made_again(home, inside, name, value)
        if line not in lines:
            lines.append(line)
    tensorflow = trouble.module("tensorflow")
    spoken = f"{tensorflow}.keras" if tensorflow is not None and _tensorflows_is_other(trouble, home) else None
    needs = any(f"{home}." in line and not line.startswith("from") for line in lines) or (
        spoken is not None and any(ast.unparse(each) == spoken for each in trouble.source.nodes(ast.Attribute))
    )
    known = trouble.value(home)
    there = home in imported or f"import {home}" in lines or (_is_module(known) and _way(known) == (home, ""))
    if needs and not there:
        lines.insert(0, f"import {home}")
    return sorted(lines, key=lambda line: not line.startswith(("import ", "from ")))


def _import_line(home: str, inside: str, name: str) -> str:
    if not inside:
        return f"import {home}" if name == home else f"import {home} as {name}"
    for old, new in _ELSEWHERE.items():
        inside = inside.replace(old, new)
    if not _is_there(home, inside):
        raise NotEditable
    module, _, last = inside.rpartition(".")
    module = f"{home}.{module}" if module else home
    return f"from {module} import {last}" if last == name else f"from {module} import {last} as {name}"


def _made_again(home: str, inside: str, name: str, value: Any) -> str:
    """An optimizer of an earlier cell, made again with what it was told."""
    if not inside.startswith("optimizers.") or inside.startswith("optimizers.schedules"):
        raise NotEditable
    if _found(home, inside) is None:
        raise NotEditable
    try:
        config, plain = value.get_config(), type(value)().get_config()
    except Exception as error:
        raise NotEditable from error
    changed = {key: config[key] for key in config if key in plain and config[key] != plain[key] and key != "name"}
    changed["learning_rate"] = config.get("learning_rate")
    if not all(key in _SETTINGS and isinstance(each, (int, float)) for key, each in changed.items()):
        raise NotEditable
    given = ", ".join(f"{key}={float(f'{each:.6g}')!r}" for key, each in sorted(changed.items(), reverse=True))
    return f"{name} = {home}.{inside}({given})"


def _way(value: Any) -> tuple[str, str] | None:
    """The generation that an object is of, and the way to it, or to its class, within the package."""
    if _is_module(value):
        path = str(getattr(value, "__name__", ""))
        path = re.sub(r"^(keras|tf_keras)\.(api(\._v2\.keras)?|_tf_keras\.keras)\b", r"\1", path)
        root, _, inside = path.partition(".")
        if inside.startswith("src"):
            inside = inside.removeprefix("src").strip(".")
        return (root, inside) if root in ("keras", "tf_keras") else None
    made = value if hasattr(value, "__qualname__") else type(value)
    root = str(getattr(made, "__module__", "")).partition(".")[0]
    if root not in ("keras", "tf_keras"):
        return None
    told = getattr(made, "_api_export_path", None) or getattr(made, "_keras_api_names", None) or ()
    told = [told] if isinstance(told, str) else [each for each in told if isinstance(each, str)]
    ways = [each.removeprefix("keras.") for each in told]
    named = getattr(made, "__name__", "")
    if not ways:
        for part in ("", "layers", "optimizers", "losses", "metrics", "callbacks", "models", "initializers"):
            way = f"{part}.{named}".strip(".")
            if _found(root, way) is made:
                ways.append(way)
    if not ways:
        return None
    # Losses, callbacks and the like are only called, and go through from either generation.
    if ways[0].startswith(("losses.", "callbacks.", "initializers.", "regularizers.", "constraints.")):
        return None
    ways = [each for each in ways if each in ("Input", "Model", "Sequential")] or ways
    ways = [each for each in ways if ".legacy." not in each and ".experimental." not in each] or ways
    return root, min(ways, key=lambda each: (each.count(".") != 1, len(each)))


def _used(trouble: Trouble) -> Iterator[tuple[str, list[str]]]:
    """The names that the cell reads, with the ways that it goes into each: `layers.Dense` of `keras`."""
    found: dict[str, list[str]] = {}
    for node in trouble.source.nodes(ast.Name):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        whole: ast.AST = node
        while isinstance(above := trouble.source.parent(whole), ast.Attribute):
            whole = above
        found.setdefault(node.id, []).append(ast.unparse(whole)[len(node.id) :].strip("."))
    yield from found.items()


def _stored(trouble: Trouble) -> set[str]:
    return {
        node.id
        for node in ast.walk(trouble.source.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } | {node.name for node in ast.walk(trouble.source.tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _first_lines(trouble: Trouble, lines: list[str]) -> Edit:
    """Lines before the cell's first statement, after a docstring and imports from `__future__`."""
    body = trouble.source.tree.body
    imports = [each for each in body if isinstance(each, (ast.Import, ast.ImportFrom))]
    for place, each in enumerate(body):
        if isinstance(each, ast.ImportFrom) and each.module == "__future__":
            continue
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) and place == 0:
            continue
        try:
            return trouble.source.before(each, *lines, *(() if imports and each is imports[0] else ("",)))
        except NotEditable:
            continue
    raise NotEditable


def _found(home: str, inside: str) -> Any:
    """What the package has there; None for nothing."""
    value: Any = sys.modules.get(home)
    for part in inside.split(".") if inside else ():
        value = getattr(value, part, None)
    return value


def _is_there(home: str, inside: str) -> bool:
    """Whether the package has that, or, where the way leads on through a class, the class."""
    value: Any = sys.modules.get(home)
    for part in inside.split(".") if inside else ():
        if not _is_module(value):
            return True
        value = getattr(value, part, None)
        if value is None:
            return False
    return value is not None


def _joined(*parts: str) -> str:
    return ".".join(each for each in parts if each)


def _is_module(value: Any) -> bool:
    return any("odule" in each.__name__ or "LazyLoader" in each.__name__ for each in type(value).__mro__)
