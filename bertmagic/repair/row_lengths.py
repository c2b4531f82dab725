"""Mends rows that differ in length: pads them where the tokenizer makes them, else where a batch is made of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import failed, is_transformers, setting, siblings, tensors, texts_of, with_settings
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.repair.unmasked import masks_too

_ENCODES = ("encode", "encode_plus")
# What makes one tensor of rows, and the tensors that it makes.
_MAKERS = {
    "tensor": "pt", "LongTensor": "pt", "IntTensor": "pt", "as_tensor": "pt", "array": "np", "asarray": "np",
    "constant": "tf", "convert_to_tensor": "tf", "stack": None, "vstack": None, "cat": None, "concat": None,
    "concatenate": None,
}  # fmt: skip


@repairs("ragged-rows")
def pad_in_the_tokenizer(trouble: Trouble) -> Repair | None:
    """The tokenizer was to make a tensor of all rows: it pads them."""
    for facts, node in failed(trouble):
        if len(set(facts.lengths)) < 2 or facts.tokenizer.library == "keras-hub" or facts.method == "pad":
            continue
        edits: list[Edit] = []
        for each in siblings(trouble, node):
            edits += padded(trouble, each)
        return Repair(tuple(edits))
    return None


@repairs("ragged-rows")
def pad_by_pad(trouble: Trouble) -> Repair | None:
    """`pad` was told not to."""
    for facts, node in failed(trouble):
        if facts.method == "pad" and keyword_of(node, "padding") is not None:
            return Repair(tuple(with_settings(trouble, node, padding="True")))
    return None


@repairs("ragged-rows")
def pad_the_batch(trouble: Trouble) -> Repair | None:
    """One call of the tokenizer made the rows, as lists: it pads them, and makes tensors where a model takes them."""
    edits: list[Edit] = []
    for facts, node in _batches(trouble):
        if facts.method in _ENCODES or (facts.method == "__call__" and facts.return_tensors):
            continue
        new = padded(trouble, node)
        if _to_a_model(trouble):
            new += with_settings(trouble, node, return_tensors=f'"{tensors(trouble)}"')
        edits += [each for each in new if each not in edits]
    if not edits:
        return None
    maker = trouble.raised_at
    if isinstance(maker, ast.Call) and last_name(maker.func) in _MAKERS:
        edits += masks_too(trouble, maker)
    return Repair(tuple(edits))


@repairs("ragged-rows")
def encode_all_at_once(trouble: Trouble) -> Repair | None:
    """Each text is encoded alone, in a list that becomes a tensor: all are, in one padded batch."""
    maker = trouble.raised_at
    if not isinstance(maker, ast.Call) or last_name(maker.func) not in _MAKERS or not maker.args:
        return None
    rows = trouble.flow.resolve(maker.args[0]).node
    batch = _as_batch(trouble, rows)
    if batch is None or not isinstance(rows, ast.ListComp):
        return None
    made, key, has_tensors = batch
    source = trouble.source
    if has_tensors and rows is maker.args[0]:
        edits = [source.replace(maker, f'{made}["{key}"]')]
    elif has_tensors:
        return None
    else:
        edits = [source.replace(rows, f'{made}["{key}"]')]
    return Repair((*edits, *masks_too(trouble, maker)))


@repairs("ragged-rows")
def pad_the_rows(trouble: Trouble) -> Repair | None:
    """Rows of ids that the cell collects become a tensor by the tokenizer's `pad`."""
    maker = trouble.raised_at
    if not isinstance(maker, ast.Call) or len(maker.args) != 1:
        return None
    name = last_name(maker.func) or ""
    kind = _MAKERS.get(name)
    tokenizer = _tokenizer(trouble)
    if kind is None or tokenizer is None or not isinstance(maker.args[0], (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    if trouble.flow.resolve(maker.args[0]).path:
        return None
    if kind == "tf" and str(trouble.cell.versions.get("transformers", "5")) >= "5":
        return None
    if any(each.arg not in ("dtype", None) for each in maker.keywords) or not _are_ids(trouble, maker):
        return None
    text = trouble.source.segment(maker.args[0])
    edit = trouble.source.replace(
        maker, f'{tokenizer}.pad({{"input_ids": {text}}}, return_tensors="{kind}")["input_ids"]'
    )
    return Repair((edit, *masks_too(trouble, maker, tokenizer)))


@repairs("ragged-rows")
def pad_each_example(trouble: Trouble) -> Repair | None:
    """A dataset gives one example at a time, and its tokenizer knows a longest length: it pads each to that."""
    edits: list[Edit] = []
    for facts, node in _singles(trouble):
        length = setting(trouble, node, "max_length")
        if length is None or facts.tokenizer.library == "keras-hub":
            continue
        new = with_settings(trouble, node, padding='"max_length"', truncation="True")
        edits += [each for each in new if each not in edits]
    return Repair(tuple(edits)) if edits else None


@repairs("ragged-rows")
def collate_with_padding(trouble: Trouble) -> Repair | None:
    """A DataLoader of dicts pads each batch to its longest row."""
    tokenizer = _tokenizer(trouble)
    loaders = list(trouble.definitions("DataLoader"))
    edits = []
    for loader in loaders:
        if (
            keyword_of(loader, "collate_fn") is not None
            or tokenizer is None
            or not is_known(trouble, tokenizer, loader)
        ):
            continue
        if not _gives_dicts(trouble):
            return None
        edits += trouble.source.keyword(loader, "collate_fn", f"DataCollatorWithPadding({tokenizer})")
    if not edits:
        return None
    if "DataCollatorWithPadding" not in trouble.namespace:
        first = next(iter(trouble.source.tree.body))
        edits.insert(0, trouble.source.before(first, "from transformers import DataCollatorWithPadding"))
    return Repair(tuple(edits), title="Pad each batch to its longest row")


@repairs("ragged-rows")
def pad_each_to_the_most(trouble: Trouble) -> Repair | None:
    """A dataset gives one example at a time, in no dict: the tokenizer pads each to the model's length."""
    if not list(trouble.definitions("DataLoader")):
        return None
    edits: list[Edit] = []
    for facts, node in _singles(trouble):
        if facts.tokenizer.library != "keras-hub":
            new = with_settings(trouble, node, padding='"max_length"', truncation="True")
            edits += [each for each in new if each not in edits]
    return Repair(tuple(edits)) if edits else None


@repairs("ragged-rows")
def pad_batches_of_a_dataset(trouble: Trouble) -> Repair | None:
    """`batch` of a dataset of single rows pads them; 0 is the padding token of most vocabularies."""
    pads = {each.tokenizer.pad_id for each in trouble.cell.tokenizer_calls}
    batches = [each for each in trouble.source.calls("batch") if isinstance(each.func, ast.Attribute)]
    if trouble.module("tensorflow") is None or not pads <= {0} or "attention_mask" not in trouble.source.written.body:
        return None
    edits = []
    for each in batches:
        start, end = trouble.source.span(each.func)
        edits.append(Edit((end[0], end[1] - len("batch")), end, "padded_batch"))
        del start
    return Repair(tuple(edits), title="Pad each batch to its longest row") if edits else None


def padded(trouble: Trouble, call: ast.Call) -> list[Edit]:
    """The tokenizer's call with padding; and truncation, where it pads to a length that some rows go beyond."""
    given = setting(trouble, call, "padding")
    if given is not None and constant(given) in (True, "longest", "max_length"):
        return with_settings(trouble, call, truncation="True")
    return with_settings(trouble, call, padding="True")


def _batches(trouble: Trouble) -> Iterator[tuple[TokenizerCallFacts, ast.Call]]:
    """The tokenizer's calls that made several rows of different lengths."""
    for facts, node in trouble.tokenizer_calls():
        if len(set(facts.lengths)) > 1 and facts.tokenizer.library != "keras-hub" and facts.error is None:
            yield facts, node


def _singles(trouble: Trouble) -> Iterator[tuple[TokenizerCallFacts, ast.Call]]:
    """The tokenizer's calls for one text each, at places that gave several lengths or lie in a function."""
    for facts, node in trouble.tokenizer_calls():
        if len(facts.lengths) == 1 and facts.texts.shape == "text":
            yield facts, node


def _to_a_model(trouble: Trouble) -> bool:
    """Whether lists went to a model as they are: what raised is no call that makes a tensor."""
    at = trouble.raised_at
    name = last_name(at.func) if isinstance(at, ast.Call) else None
    return (
        name not in _MAKERS
        and name not in ("from_tensor_slices", "TensorDataset")
        and not list(trouble.definitions("DataLoader", "from_tensor_slices", "from_generator"))
    )


def _as_batch(trouble: Trouble, rows: ast.expr) -> tuple[str, str, bool] | None:
    """`[tokenizer(text, …)["input_ids"] for text in texts]` as one padded call, the key, and if it makes tensors."""
    if not isinstance(rows, ast.ListComp) or len(rows.generators) != 1 or rows.generators[0].ifs:
        return None
    loop, one = rows.generators[0], rows.elt
    key = "input_ids"
    while isinstance(one, ast.Subscript) and constant(one.slice) == 0:
        one = one.value
    if isinstance(one, ast.Subscript) and isinstance(constant(one.slice), str):
        key, one = str(constant(one.slice)), one.value
    elif isinstance(one, ast.Attribute):
        key, one = one.attr, one.value
    if not isinstance(one, ast.Call) or not any(found is one for _, found in trouble.tokenizer_calls()):
        return None
    given = texts_of(one)
    if given is None or not isinstance(loop.target, ast.Name) or ast.unparse(given) != loop.target.id:
        return None
    source = trouble.source
    func = one.func.value if isinstance(one.func, ast.Attribute) and one.func.attr in _ENCODES else one.func
    texts = source.segment(loop.iter)
    held = trouble.value(loop.iter.id) if isinstance(loop.iter, ast.Name) else []
    if not isinstance(held, (list, tuple)) or not isinstance(loop.iter, (ast.Name, ast.List)):
        texts = f"list({texts})"
    settings = [source.text(*source.items(one)[len(one.args) + at]) for at in range(len(one.keywords))]
    settings = [each for each in settings if not each.startswith("padding")]
    return (
        f"{source.segment(func)}({', '.join([texts, 'padding=True', *settings])})",
        key,
        "return_tensors" in " ".join(settings),
    )


def _tokenizer(trouble: Trouble) -> str | None:
    """The one tokenizer of transformers that was called, or is at hand."""
    said = {
        each.tokenizer.said for each in trouble.cell.tokenizer_calls if each.tokenizer.said and not each.tokenizer.holds
    }
    if not said:
        said = {name for name, value in trouble.namespace.items() if name[:1] != "_" and is_transformers(value)}
    return said.pop() if len(said) == 1 else None


def _are_ids(trouble: Trouble, maker: ast.Call) -> bool:
    """Whether rows are token ids: lists of whole numbers that some tokenizer gave, as far as the cell tells."""
    lengths = trouble.finding.evidence.get("lengths of the rows")
    given = maker.args[0]
    held = trouble.value(given.id) if isinstance(given, ast.Name) else None
    if isinstance(held, Sequence) and held and not isinstance(held, str):
        first = held[0]
        return isinstance(first, (list, tuple)) and bool(first) and max(map(max, held)) > 1 and bool(lengths)
    return False


def _gives_dicts(trouble: Trouble) -> bool:
    """Whether the dataset's examples are dicts with the names that a model takes, and labels by theirs."""
    for function in trouble.source.nodes(ast.FunctionDef):
        if not isinstance(function, ast.FunctionDef) or function.name != "__getitem__":
            continue
        for each in ast.walk(function):
            if isinstance(each, ast.Return) and each.value is not None:
                made = trouble.flow.resolve(each.value).node
                if not isinstance(made, (ast.Dict, ast.DictComp)) and not (
                    isinstance(made, ast.Call) and last_name(made.func) == "dict"
                ):
                    return False
                return 'batch["label"]' not in trouble.source.written.body
    return False
