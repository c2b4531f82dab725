"""Rules on frameworks that do not go together: one's tensors or models with another's."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts, Framework, TokenizerCallFacts, ValueFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import listed

# `return_tensors`, as transformers names frameworks (4.53.3, `utils/generic.py`, `TensorType`), with their packages.
_TENSORS = {
    "pt": ("PyTorch", "torch"),
    "tf": ("TensorFlow", "tensorflow"),
    "jax": ("JAX", "jax"),
    "mlx": ("MLX", "mlx"),
}
_NAMES = {"torch": "PyTorch", "flax": "Flax", "jax": "JAX", "tf": "TensorFlow", "tensorflow": "TensorFlow"}
# Whose tensors another framework's models do not take. NumPy's arrays go everywhere.
_TENSORFLOW = ("tensorflow", "tf-keras")
# PyTorch's functions take its own tensors alone, and say so by these (2.13).
_NOT_TORCH = ("tensorflow", "tf-keras", "jax", "numpy")
_NO_TENSOR = ("TypeError", "AttributeError")
_KINDS: dict[str, Framework] = {
    "tf": "tensorflow",
    "tensorflow": "tensorflow",
    "jaxlib": "jax",
    "jax": "jax",
    "numpy": "numpy",
}


@cell_rule("error")
def framework_mismatch(cell: CellFacts) -> Finding | None:
    """One framework's tensors or model are used with another's.

    What it finds: `return_tensors="pt"` where PyTorch is not installed (in a tokenizer's call, or a data collator's
    default), a model class of a framework that is not installed, and a call of a TensorFlow model that failed on
    PyTorch's or JAX's tensors. `return_tensors="np"` goes with every framework.

    Why it is bad: it raises, and says what to install rather than what to write for the framework that is there.

    Wrong:

        enc = tokenizer(texts, padding=True, return_tensors="pt")
        TFBertModel.from_pretrained(checkpoint)(**enc)

    Right:

        enc = tokenizer(texts, padding=True, return_tensors="tf")
        TFBertModel.from_pretrained(checkpoint)(**enc)
    """
    for made in cell.tokenizer_calls:
        asked = _TENSORS.get(made.return_tensors or "")
        if asked and made.error is not None and made.error.type == "ImportError" and cell.ended_in(made.error):
            return _tensors(cell, made, asked[0])
    return _class(cell) or _absent(cell) or _foreign(cell)


def _there(cell: CellFacts) -> tuple[str, str]:
    """The framework to use in place of the other: its name, and its `return_tensors`."""
    return ("TensorFlow", "tf") if "tensorflow" in cell.versions else ("NumPy", "np")


def _tensors(cell: CellFacts, made: TokenizerCallFacts, name: str) -> Finding:
    assert made.error is not None
    tokenizer = made.tokenizer.said or "tokenizer"
    there, tensors = _there(cell)
    raised = cell.raised
    collator = raised is not None and raised.owner is not None and raised.owner.kind.startswith("DataCollator")
    said = raised.owner.said if collator and raised is not None and raised.owner is not None else None
    called = f"`{said or 'the data collator'}`" if collator else f"`{tokenizer}`"
    if collator and raised is not None and raised.owner is not None:
        code = f'{said or "collator"} = {raised.owner.kind}({tokenizer}, return_tensors="{tensors}")'
    elif made.method == "pad":
        code = f'enc = {tokenizer}.pad(enc, return_tensors="{tensors}")'
    else:
        given = made.texts.said or "texts"
        code = f'enc = {tokenizer}({given}, padding=True, truncation=True, return_tensors="{tensors}")'
    return Finding(
        "framework-mismatch",
        "error",
        said or tokenizer,
        f"{called} is asked for {name}'s tensors, and {name} is not installed",
        f'{called} makes tensors of {name} (`return_tensors="{made.return_tensors}"`), which is not installed; the '
        f"models of this kernel are of {there}. {made.error.type} is raised."
        if there != "NumPy"
        else f'{called} makes tensors of {name} (`return_tensors="{made.return_tensors}"`), which is not installed. '
        f"{made.error.type} is raised.",
        {"return_tensors": made.return_tensors, "installed": dict(cell.versions)},
        Fix(f"Ask for {there}'s tensors" if there != "NumPy" else "Ask for NumPy's arrays", code),
    )


def _class(cell: CellFacts) -> Finding | None:
    """A class of transformers that stands in for one whose framework is not installed."""
    raised = cell.raised
    if raised is None:
        return None
    stand_in = next((each for each in (raised.owner, *raised.values) if each is not None and each.needs), None)
    if stand_in is None or raised.type != "ImportError":
        return None
    needed = [_NAMES[each] for each in stand_in.needs if each in _NAMES]
    if not needed:
        return None  # a package of another kind, such as sentencepiece
    kind = stand_in.kind
    there, _ = _there(cell)
    twin = f"TF{kind.removeprefix('Flax')}"
    model = not kind.startswith(("TF", "Trainer", "Training", "DataCollator"))
    fix = None
    if there == "TensorFlow" and model:
        source = raised.source.replace(kind, twin) if raised.source.startswith(kind) else f"{twin}.from_pretrained"
        code = source if "(" in source else f"{twin}.from_pretrained(checkpoint)"
        fix = Fix("Use the class of the framework that is installed", f"from transformers import {twin}\n{code}")
    return Finding(
        "framework-mismatch",
        "error",
        stand_in.said or kind,
        f"`{kind}` is a class of {listed(needed)}, which is not installed",
        f"`{kind}` needs {listed(needed)}, and this kernel has {_installed(cell)}. {raised.type} is raised.",
        {"class": kind, "needs": list(stand_in.needs), "installed": dict(cell.versions)},
        fix,
    )


def _installed(cell: CellFacts) -> str:
    found = [f"{_NAMES[name]} {version}" for name, version in cell.versions.items() if name in _NAMES]
    return listed(found) if found else "no framework for it"


def _absent(cell: CellFacts) -> Finding | None:
    """A function of transformers that was asked for a framework's tensors, or has that for its default."""
    raised = cell.raised
    if raised is None or raised.missing not in ("torch", "jax", "flax") or raised.missing in cell.versions:
        return None
    if not raised.callee.startswith("transformers."):
        return None  # the user's own import, or another library's
    name = _NAMES[raised.missing]
    there, tensors = _there(cell)
    called = raised.callee_said or raised.callee.rpartition(".")[2]
    argument = next((each for each in raised.arguments if each.text in ("'pt'", "'jax'")), None)
    how = f' (`{argument.place}="{argument.text[1:-1]}"`)' if argument is not None and argument.text else ""
    fix = None
    if argument is not None:
        fix = Fix(f"Ask for {there}'s", f'{called}(…, {argument.place}="{tensors}")'.replace("…", "*args"))
    return Finding(
        "framework-mismatch",
        "error",
        called,
        f"`{called}` needs {name}, which is not installed",
        f"`{called}` works with {name}{how}, and this kernel has {_installed(cell)}. {raised.type} is raised.",
        {"missing": raised.missing, "installed": dict(cell.versions)},
        fix,
    )


def _foreign(cell: CellFacts) -> Finding | None:
    """A TensorFlow model's call that failed on another framework's tensors, or PyTorch's on TensorFlow's."""
    raised = cell.raised
    if raised is None:
        return None
    owner, given = raised.owner, [each for each in raised.arguments if each.shape is not None]
    if owner is not None and owner.framework in _TENSORFLOW:
        foreign = [each for each in given if each.framework in ("torch", "jax")]
        if foreign:
            return _mixed(cell, foreign[0], f"`{owner.called}`", "TensorFlow")
    of_torch = raised.callee.startswith("torch.") or (owner is not None and owner.framework == "torch")
    if of_torch and raised.type in _NO_TENSOR:
        foreign = [each for each in given if each.framework in _NOT_TORCH]
        if foreign:
            return _mixed(cell, foreign[0], f"`{raised.callee_said or (owner and owner.called)}`", "PyTorch")
    for call in cell.calls:
        if call.error is None or not cell.ended_in(call.error):
            continue
        if call.model.framework != "tf-keras":
            found = _not_torch(cell, call) if call.model.framework == "torch" else None
            if found is not None:
                return found
            continue
        for tensor in (*call.inputs, *call.labels):
            root = tensor.kind.partition(".")[0]
            if root in ("torch", "jaxlib", "jax"):
                framework = "torch" if root == "torch" else "jax"
                value = ValueFacts("args[0]", tensor.called, tensor.kind, framework, tensor.shape)  # type: ignore[arg-type]
                return _mixed(cell, value, f"`{call.model.said}`", "TensorFlow")
    return None


def _not_torch(cell: CellFacts, call: CallFacts) -> Finding | None:
    """A PyTorch model's call that failed on an array, or on another framework's tensor, in a tensor's place."""
    if call.error is None or call.error.type not in _NO_TENSOR:
        return None
    for tensor in (*call.inputs, *call.labels):
        framework = _KINDS.get(tensor.kind.partition(".")[0])
        if framework is not None and (tensor.role is not None or tensor in call.labels):
            value = ValueFacts("args[0]", tensor.called, tensor.kind, framework, tensor.shape)
            return _mixed(cell, value, f"`{call.model.said}`", "PyTorch")
    return None


def _mixed(cell: CellFacts, value: ValueFacts, callee: str, takes: str) -> Finding:
    assert cell.raised is not None
    name = {"torch": "PyTorch", "jax": "JAX", "numpy": "NumPy"}.get(value.framework, "TensorFlow")
    said = value.said or "the tensor"
    shown = f"`{value.said}`" if value.said else f"an argument ({value.place})"
    code = f"{said} = np.asarray({said})" if value.said else 'enc = tokenizer(texts, padding=True, return_tensors="tf")'
    if takes == "PyTorch":
        code = f"{said} = torch.from_numpy(np.asarray({said}))"
    return Finding(
        "framework-mismatch",
        "error",
        said,
        f"{shown} is a tensor of {name}, and {callee} takes {takes}'s",
        f"{shown} is a {value.kind}, which {callee} of {takes} cannot take. {cell.raised.type} is raised.",
        {"type": value.kind, "framework": value.framework},
        Fix(f"Give {takes}'s tensors, or NumPy's", code),
    )
