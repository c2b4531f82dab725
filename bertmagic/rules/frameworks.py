"""Rules on frameworks that do not go together: one's tensors or models with another's."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts, Framework, RaisedFacts, TokenizerCallFacts, ValueFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.releases import release
from bertmagic.rules.words import listed

# `return_tensors`, as transformers names frameworks (4.53.3, `utils/generic.py`, `TensorType`), with their packages.
_TENSORS = {
    "pt": ("PyTorch", "torch"),
    "tf": ("TensorFlow", "tensorflow"),
    "jax": ("JAX", "jax"),
    "mlx": ("MLX", "mlx"),
}
_NAMES = {"torch": "PyTorch", "flax": "Flax", "jax": "JAX", "tf": "TensorFlow", "tensorflow": "TensorFlow"}
# Whose tensors another framework's models do not take. NumPy's arrays go everywhere but into PyTorch's modules; Keras 3
# takes any framework's tensors, on each of its backends (3.15.1).
_TENSORFLOW = ("tensorflow", "tf-keras")
_KERAS = ("keras", "tf-keras")
_FOREIGN_TO_TORCH = (*_TENSORFLOW, "jax", "numpy", "keras")
# What a module or a function of PyTorch raises for another framework's array (torch 2.13): `must be Tensor, not …`, or
# for what an array has not, as `size()`.
_NOT_A_TENSOR = ("TypeError", "AttributeError")
# The kind of PyTorch's functions that are written in C.
_OF_C = "builtin_function_or_method"
# Functions of PyTorch that take arrays.
_FROM_ARRAYS = frozenset({"from_numpy", "as_tensor", "asarray", "tensor", "from_dlpack"})


@cell_rule("error")
def framework_mismatch(cell: CellFacts) -> Finding | None:
    """One framework's tensors or model are used with another's.

    What it finds: `return_tensors="pt"` where PyTorch is not installed (in a tokenizer's call, or a data collator's
    default), a model class of a framework that is not installed, a call of a TensorFlow model that failed on PyTorch's
    or JAX's tensors, one of a PyTorch model that failed on any other's, NumPy's too, and a PyTorch module or optimizer
    that was given to Keras. `return_tensors="np"` goes with Keras; Keras 3 converts any framework's tensors.

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
    frameworks = {call.model.framework for call in cell.calls}
    if "torch" in frameworks:
        return ("PyTorch", "pt")
    if "keras" in frameworks:
        return ("NumPy", "np")
    # KerasHub's models run on any framework, and from release 5.0 on transformers makes no tensors of TensorFlow.
    version = cell.versions.get("transformers")
    no_tf = "keras_hub" in cell.versions or (version is not None and release(version) >= (5,))
    if "tensorflow" in cell.versions and not no_tf:
        return ("TensorFlow", "tf")
    return ("PyTorch", "pt") if "torch" in cell.versions and "keras_hub" not in cell.versions else ("NumPy", "np")


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
    """A call that failed on another framework's tensors, or on what it has of PyTorch's."""
    raised = cell.raised
    if raised is None:
        return None
    owner, given = raised.owner, [each for each in raised.arguments if each.shape is not None]
    if owner is not None and owner.framework in _TENSORFLOW:
        foreign = [each for each in given if each.framework in ("torch", "jax")]
        if foreign:
            return _mixed(cell, foreign[0], f"`{owner.called}`", "TensorFlow")
    if _is_of_torch(raised):
        if not given and owner is not None and owner.kind == _OF_C:
            given = [each for each in raised.values if each.shape is not None]  # it has no frame to be seen in
        foreign = [each for each in given if each.framework in _FOREIGN_TO_TORCH]
        if foreign:
            name = owner.called if owner is not None else raised.callee_said or raised.callee
            return _mixed(cell, foreign[0], f"`{name}`", "PyTorch")
    if owner is not None and owner.framework in _KERAS and owner.part in ("model", "layer"):
        # Keras' own models take a DataLoader: where it is refused, the container is at fault.
        parts = [
            each
            for each in raised.arguments
            if each.framework == "torch" and each.shape is None and not each.kind.endswith("DataLoader")
        ]
        if parts:
            return _part_of_torch(cell, owner, parts[0])
    return next((found for call in cell.calls if (found := _fed_to_a_model(cell, call)) is not None), None)


def _is_of_torch(raised: RaisedFacts) -> bool:
    """Whether a module, a tensor or a function of PyTorch raised for what is no tensor of its own."""
    names = {said.rpartition(".")[2] for said in (raised.callee, raised.callee_said)}
    if raised.type not in _NOT_A_TENSOR or names & _FROM_ARRAYS:
        return False
    if raised.owner is not None:
        return raised.owner.framework == "torch"
    return raised.callee.partition(".")[0] == "torch"


def _fed_to_a_model(cell: CellFacts, call: CallFacts) -> Finding | None:
    """What a model that was called could not take; Keras 3 converts what it is given."""
    if call.error is None or not cell.ended_in(call.error) or call.model.framework == "keras":
        return None
    torch = call.model.framework == "torch"
    if torch and call.error.type not in _NOT_A_TENSOR:
        return None
    for tensor in (*call.inputs, *call.labels):
        found = _ARRAYS.get(tensor.kind.partition(".")[0])
        if found is not None and found in (_FOREIGN_TO_TORCH if torch else ("torch", "jax")):
            value = ValueFacts("args[0]", tensor.called, tensor.kind, found, shape=tensor.shape)
            return _mixed(cell, value, f"`{call.model.said}`", "PyTorch" if torch else "TensorFlow")
    return None


_ARRAYS: dict[str, Framework] = {
    "torch": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "tf": "tensorflow",
    "tensorflow": "tensorflow",
    "numpy": "numpy",
}


def _part_of_torch(cell: CellFacts, owner: ValueFacts, part: ValueFacts) -> Finding | None:
    """An optimizer, a loss or a module of PyTorch's, which Keras takes for none of its own, on any backend."""
    assert cell.raised is not None
    kind = part.kind.rpartition(".")[2]
    name = "keras" if owner.framework == "keras" else "tf_keras"
    code = f"{name}.optimizers.Adam(2e-5)  # for Keras' own, by its name" if "Adam" in kind else ""
    subject = f"`{part.said}`" if part.said else f"The `{part.kind}`"
    return Finding(
        "framework-mismatch",
        "error",
        part.said or part.kind,
        f"{subject} is of PyTorch, and `{owner.called}` is of Keras",
        f"{subject} is a {part.kind} of PyTorch; `{owner.called}` is of Keras, which takes its own layers, losses and "
        f"optimizers, whatever computes them. {cell.raised.type} is raised.",
        {"type": part.kind, "framework": part.framework},
        Fix("Give Keras' own", code or f"import {name}  # its layers, losses and optimizers in place of torch's"),
    )


def _mixed(cell: CellFacts, value: ValueFacts, callee: str, takes: str) -> Finding:
    assert cell.raised is not None
    names = {"torch": "PyTorch", "jax": "JAX", "numpy": "NumPy", "keras": "Keras"}
    name = names.get(value.framework, "TensorFlow")
    said = value.said or "the tensor"
    shown = f"`{value.said}`" if value.said else f"an argument ({value.place})"
    code = f"{said} = np.asarray({said})" if value.said else 'enc = tokenizer(texts, padding=True, return_tensors="tf")'
    if takes == "PyTorch":
        code = f"{said} = torch.from_numpy(np.asarray({said}))"
        if not value.said or any(made.return_tensors in ("np", "tf") for made in cell.tokenizer_calls):
            code = _asked_again(cell)
    array = "an array" if value.framework == "numpy" else "a tensor"
    return Finding(
        "framework-mismatch",
        "error",
        said,
        f"{shown} is {array} of {name}, and {callee} takes {takes}'s",
        f"{shown} is a {value.kind}, which {callee} of {takes} cannot take. {cell.raised.type} is raised.",
        {"type": value.kind, "framework": value.framework},
        Fix(f"Give {takes}'s tensors" + ("" if takes == "PyTorch" else ", or NumPy's"), code),
    )


def _asked_again(cell: CellFacts) -> str:
    """The tokenizer's call, for PyTorch's tensors."""
    made = next((each for each in cell.tokenizer_calls if each.return_tensors in ("np", "tf")), None)
    tokenizer = (made.tokenizer.said if made is not None else None) or "tokenizer"
    texts = (made.texts.said if made is not None else None) or "texts"
    return f'enc = {tokenizer}({texts}, padding=True, truncation=True, return_tensors="pt")'
