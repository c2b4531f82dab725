"""The rule on rows of different lengths, of which no tensor is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts, RaisedFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import keras, packed, tensors_for, tokenized, tokenizer_of
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import count

# What makes one array or tensor of rows, by its last name. Those of the second group put rows below one another.
_ONE_ARRAY = ("array", "asarray", "asanyarray", "constant", "convert_to_tensor", "Variable", "cast", "stack", "vstack")
_OF_TORCH = ("tensor", "as_tensor", "LongTensor", "IntTensor", "FloatTensor")
_MAKERS = frozenset({*_ONE_ARRAY, *_OF_TORCH, "from_tensor_slices", "from_tensors"})
_JOINERS = frozenset({"concat", "concatenate", "row_stack", "cat"})
# TensorFlow 2.21, `core/kernels/data/batch_dataset_op.cc`: the shapes that a batch cannot hold together.
_BATCH = re.compile(
    r"batch tensors with different shapes in component \d+\. "
    r"First element had shape \[([\d,]+)\] and element (\d+) had shape \[([\d,]+)\]"
)
# PyTorch 2.13, `aten/src/ATen/native/TensorShape.cpp`, `check_stack_inputs`: what a DataLoader's collation meets.
_STACK = re.compile(r"stack expects each tensor to be equal size, but got \[([\d, ]+)\] at entry 0 and \[([\d, ]+)\]")


@cell_rule("error")
def ragged_rows(cell: CellFacts) -> Finding | None:
    """Rows of different lengths: not padded.

    What it finds: rows of token ids (or of other lists) that differ in length where one array or tensor was to be made
    of them, and that failed: in the tokenizer, in `tf.constant`, `np.array`, `torch.tensor` or `from_tensor_slices`, in
    a dataset's `batch`, in a DataLoader, or in the model that was given them. Ragged tensors that a model takes are
    right.

    Why it is bad: what is raised speaks of nesting, of object arrays or of inhomogeneous shapes.

    Wrong:

        enc = tokenizer(texts, truncation=True, return_tensors="tf")

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")
    """
    if cell.raised is None:
        return None
    found = _tokenized(cell) or _given_to_a_model(cell) or _batched(cell)
    return found or _made_into_one(cell, cell.raised) or _collated(cell, cell.raised)


def _tokenized(cell: CellFacts) -> Finding | None:
    """A tokenizer that was to make tensors of rows that it did not pad."""
    for made in cell.tokenizer_calls:
        if made.error is None or made.error.type == "ImportError" or not cell.ended_in(made.error):
            continue
        if made.return_tensors is None or len(set(made.lengths)) < 2:
            continue
        tokenizer = made.tokenizer.said or "tokenizer"
        given = f"`{made.texts.said}`" if made.texts.said else "the texts"
        settings = f'padding=True, truncation=True, return_tensors="{made.return_tensors}"'
        call = f"{tokenizer}({made.texts.said or 'texts'}, {settings})"
        if made.is_split_into_words:
            call = call.replace(", padding", ", is_split_into_words=True, padding", 1)
        if made.method == "pad":
            given, call = "the rows", f'{tokenizer}.pad(enc, padding=True, return_tensors="{made.return_tensors}")'
        return _finding(
            made.texts.said or "input_ids",
            made.lengths,
            f"`{tokenizer}` gives rows of different lengths, of which no tensor is made",
            f"`{tokenizer}` makes {_rows(made.lengths)} of {given}, and cannot make one tensor of them. "
            f"{made.error.type} is raised.",
            Fix("Pad the rows to one length", f"enc = {call}"),
        )
    return None


def _given_to_a_model(cell: CellFacts) -> Finding | None:
    """A model's call that failed on lists, arrays of objects or a ragged tensor."""
    for call in cell.calls:
        if call.error is None or not _ended(cell, call):
            continue
        for tensor in (*call.inputs, *call.labels):
            lengths = _lengths(tensor)
            if len(set(lengths)) < 2:
                continue
            ragged = tensor.kind.endswith("RaggedTensor")
            code = _padded(call, tensor)
            kind = "a ragged tensor" if ragged else "lists"
            what = "rows of different lengths" if not ragged else "a ragged tensor"
            return _finding(
                tensor.called,
                lengths,
                f"`{tensor.called}` is {what}" if ragged else f"`{tensor.called}` has {what}",
                f"`{tensor.called}` holds {_rows(lengths)}, as {kind}; `{call.model.said}` takes one length for all "
                f"rows of a batch. {call.error.type} is raised.",
                Fix("Pad the rows to one length", code),
            )
    return None


def _ended(cell: CellFacts, call: CallFacts) -> bool:
    """Whether the call's exception ended the cell; the dry pass may word it otherwise than the cell's own call."""
    assert cell.raised is not None
    same = call is cell.calls[-1] and call.error is not None and call.error.type == cell.raised.type
    return same or cell.ended_in(call.error)


def _padded(call: CallFacts, tensor: TensorFacts) -> str:
    pad_id = call.tokenizer.pad_id if call.tokenizer is not None else None
    torch = call.model.framework == "torch"
    if call.model.speaks_hub and tensor in call.inputs:
        return tokenized(call, "np")
    if tensor.kind.endswith("RaggedTensor"):
        return f"{tensor.called} = {tensor.called}.to_tensor(default_value={0 if pad_id is None else pad_id})"
    if tensor in call.labels:
        name = tensor.called if tensor.said else "labels"
        return f"{name} = {_padded_by_hand(name, keras(call.model) if not torch else 'torch', -100)}"
    return tokenized(call, tensors_for(call))


def _padded_by_hand(rows: str, library: str, value: int | None = None) -> str:
    """Rows of lists padded on the right, in the way of Keras (`tf.keras`, `keras`) or PyTorch."""
    if library == "torch":
        told = "" if value is None else f", padding_value={value}"
        return f"torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in {rows}], batch_first=True{told})"
    told = "" if value is None else f", value={value}"
    return f'{library}.utils.pad_sequences({rows}, padding="post"{told})'


def _collated(cell: CellFacts, raised: RaisedFacts) -> Finding | None:
    """A DataLoader that met examples of different lengths: its own collation stacks what a dataset gives."""
    found = _STACK.search(raised.text)
    if found is None or raised.type != "RuntimeError":
        return None
    shapes = [[int(each) for each in found[i].split(",")] for i in (1, 2)]
    if [len(shape) for shape in shapes] not in ([1, 1], [2, 2]) or shapes[0][:-1] != shapes[1][:-1]:
        return None
    lengths = (shapes[0][-1], shapes[1][-1])
    if not set(lengths) <= {each for made in cell.tokenizer_calls for each in made.lengths}:
        return None  # elements of another kind: pictures, sounds
    made = cell.tokenizer_calls[-1]
    padding = f"loader = DataLoader(dataset, batch_size=8, collate_fn=DataCollatorWithPadding({tokenizer_of(made)}))"
    return _finding(
        raised.owner.said if raised.owner is not None and raised.owner.said else "loader",
        lengths,
        "A DataLoader puts rows of different lengths into one batch",
        f"The DataLoader puts examples of different lengths into one batch: the first has {lengths[0]} tokens, another "
        f"{lengths[1]}. {raised.type} is raised.",
        Fix("Pad the rows to one length", packed(made, "texts"))
        if made.tokenizer.library == "keras-hub"
        else Fix("Pad each batch to its longest row", padding),
    )


def _batched(cell: CellFacts) -> Finding | None:
    """A dataset whose `batch` met elements of different shapes: of a model's data, or of a tokenizer's rows."""
    assert cell.raised is not None
    found = _BATCH.search(cell.raised.text)
    if found is None:
        return None
    shapes = [[int(each) for each in found[i].split(",") if each] for i in (1, 3)]
    if [len(shape) for shape in shapes] not in ([1, 1], [2, 2]) or shapes[0][:-1] != shapes[1][:-1]:
        return None
    lengths = (shapes[0][-1], shapes[1][-1])
    known = {each for made in cell.tokenizer_calls for each in made.lengths}
    fed = next((call for call in cell.calls if cell.ended_in(call.error)), None)
    if fed is None and not set(lengths) <= known:
        return None  # elements of another kind: pictures, sounds
    said = (fed.data if fed is not None else None) or "dataset"
    pad_id = next((made.tokenizer.pad_id for made in cell.tokenizer_calls if made.tokenizer.pad_id), 0)
    note = "" if pad_id == 0 else f"  # padding_values: {pad_id} for the token ids"
    return _finding(
        said,
        lengths,
        f"`{said}` batches rows of different lengths",
        f"`{said}` puts elements of different lengths into one batch: element 0 has {lengths[0]}, element {found[2]} "
        f"has {lengths[1]}. {cell.raised.type} is raised.",
        Fix("Pad each batch to its longest row", f"dataset.padded_batch(32){note}  # in place of batch"),
    )


def _made_into_one(cell: CellFacts, raised: RaisedFacts) -> Finding | None:
    """A call that was to make one array of rows, and was given rows of different lengths."""
    maker = raised.callee_said.rpartition(".")[2]
    joins = maker in _JOINERS or maker == "vstack"
    if maker not in _MAKERS | _JOINERS or (joins and "imension" not in raised.text):
        return None
    if raised.type not in ("ValueError", "InvalidArgumentError", "TypeError", "RuntimeError"):
        return None
    fed = set(_fed(raised.source))
    for value in raised.values:
        if len(set(value.lengths)) < 2 or (value.place == "name" and value.said not in fed):
            continue
        if maker in ("vstack", "stack") and value.place == "axis":
            continue
        said = value.said or maker
        return _one_array(cell, raised, said, value.lengths)
    # Rows made one at a time by a tokenizer within the very expression.
    for tokenizer in {made.tokenizer.said for made in cell.tokenizer_calls if made.tokenizer.said}:
        if not re.search(rf"\b{re.escape(tokenizer)}\(.*\bfor\b", raised.source, re.DOTALL):
            continue
        lengths = [each for made in cell.tokenizer_calls if made.tokenizer.said == tokenizer for each in made.lengths]
        if len(set(lengths)) > 1:
            return _one_array(cell, raised, "input_ids", lengths)
    return None


def _one_array(cell: CellFacts, raised: RaisedFacts, said: str, lengths: Sequence[int]) -> Finding:
    of_texts = [made for made in cell.tokenizer_calls if list(made.lengths[: len(lengths)]) == list(lengths)]
    single = len([made for made in cell.tokenizer_calls if len(made.lengths) == 1]) >= len(lengths)
    if of_texts or single:
        made = of_texts[-1] if of_texts else cell.tokenizer_calls[-1]
        tokenizer = made.tokenizer.said or "tokenizer"
        texts = made.texts.said if of_texts and made.texts.said else "texts"
        if made.tokenizer.library == "keras-hub":
            fix = Fix("Pad the rows to one length", packed(made, texts))
            return _rows_finding(raised, said, lengths, fix)
        tensors = {"np": "np", "numpy": "np", "torch": "pt", "jnp": "np", "keras": "np"}.get(_root(raised), "tf")
        fix = Fix(
            "Pad the rows to one length",
            f'enc = {tokenizer}({texts}, padding=True, truncation=True, return_tensors="{tensors}")',
        )
    else:
        name = said if said.isidentifier() else "rows"
        fix = Fix(
            "Pad the rows to one length",
            _padded_rows(name, said, _library(cell, raised)),
        )
    return _rows_finding(raised, said, lengths, fix)


def _rows_finding(raised: RaisedFacts, said: str, lengths: Sequence[int], fix: Fix) -> Finding:
    shown = f"`{said}`" if said != raised.callee_said.rpartition(".")[2] else "What it is given"
    return _finding(
        said,
        lengths,
        f"{shown} has rows of different lengths",
        f"{shown} holds {_rows(lengths)}, of which `{raised.callee_said}` cannot make one array. {raised.type} is "
        "raised.",
        fix,
    )


def _root(raised: RaisedFacts) -> str:
    """The name that the failing call's function goes by in the cell: `np`, `tf`, `torch`."""
    return raised.callee_said.partition(".")[0]


def _library(cell: CellFacts, raised: RaisedFacts) -> str:
    """What is at hand to pad lists with."""
    if _root(raised) == "torch" or ("torch" in cell.versions and not {"tensorflow", "keras"} & {*cell.versions}):
        return "torch"
    return "keras" if "keras_hub" in cell.versions or _root(raised) == "keras" else "tf.keras"


def _padded_rows(name: str, rows: str, library: str) -> str:
    """Rows padded, with a word on labels, whose padding is no class."""
    code = f"{name} = {_padded_by_hand(rows, library)}"
    return f"# padding_value=-100 for labels\n{code}" if library == "torch" else f"{code}  # value=-100 for labels"


def _fed(source: str) -> Iterator[str]:
    """What the outermost call of `source` is given as it stands, through `dict()`, tuples, lists and dicts."""
    try:
        tree = ast.parse(f"({source}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return
    pending: list[ast.AST] = []
    if isinstance(tree, ast.Call):
        pending = [*tree.args, *(each.value for each in tree.keywords)]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Tuple, ast.List)):
            pending += node.elts
        elif isinstance(node, ast.Dict):
            pending += node.values
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("dict", "list", "tuple")
        ):
            pending += node.args
        else:
            yield ast.unparse(node)


def _lengths(tensor: TensorFacts) -> list[int]:
    """The lengths of the rows of an array of objects that are lists or arrays; [] where it is another."""
    values = tensor.values
    if values is None or values.dtype != object or values.ndim != 1:
        return []
    rows = list(values)
    if not all(isinstance(row, (list, tuple)) or getattr(row, "ndim", None) == 1 for row in rows):
        return []
    return [len(row) for row in rows]


def _rows(lengths: Sequence[int]) -> str:
    """`8 rows of 7 to 11 tokens (row 0 has 11, row 1 has 9)`."""
    other = next(index for index, each in enumerate(lengths) if each != lengths[0])
    return (
        f"{count(len(lengths), 'row')} of length {min(lengths)} to {max(lengths)} (row 0 has {lengths[0]}, row {other} "
        f"has {lengths[other]})"
    )


def _finding(subject: str, lengths: Sequence[int], title: str, detail: str, fix: Fix) -> Finding:
    return Finding("ragged-rows", "error", subject, title, detail, {"lengths of the rows": list(lengths[:32])}, fix)
