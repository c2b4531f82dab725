"""Rules on what a tokenizer is given: no texts, tensors without values, one text's words as a batch."""

from __future__ import annotations

import dataclasses

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts, TextFacts, TokenizerCallFacts, ValueFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import tokenizer_of
from bertmagic.rules.dtype import is_text
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import count, listed

# Kinds of containers that hold texts as a list does, and that a tokenizer takes no texts from.
_KINDS = {"EagerTensor": "tf.Tensor", "ndarray": "numpy.ndarray"}
_HAS_TOLIST = ("ndarray", "Series", "Index", "StringArray", "ArrowStringArray")


@cell_rule("error")
def text_not_valid(cell: CellFacts) -> Finding | None:
    """None, NaN or another non-string among the texts given to the tokenizer.

    What it finds: a tokenizer's call that failed, with items among its texts that are no strings (None, NaN, numbers,
    bytes, token ids), or with something else in place of a string or a list of strings: an array, a column of a table,
    a generator, a tensor.

    Why it is bad: the tokenizer names the types that it takes, and neither the row nor the value that is at fault.

    Wrong:

        texts = ["a fine day", None, "rain again"]
        enc = tokenizer(texts, padding=True)

    Right:

        texts = [text for text in texts if text is not None]   # and their labels
        enc = tokenizer(texts, padding=True)
    """
    for made in cell.tokenizer_calls:
        for texts in (made.texts, made.pairs):
            if texts is None or texts.is_symbolic or texts.shape == "none" or not cell.ended_in(made.error):
                continue
            if made.error is not None and made.error.type == "ImportError":
                continue  # the framework of `return_tensors` is not there: no text is at fault
            wrapped = _wrapped(made, texts)
            if wrapped or (texts.odd and texts.shape in ("batch", "words")):
                return _odd_items(cell, made, texts, wrapped)
            if texts.shape == "other" or (texts.shape == "text" and texts.odd):
                return _no_texts(made, texts)
    return _not_preprocessed(cell)


def _not_preprocessed(cell: CellFacts) -> Finding | None:
    """Texts that a KerasHub task was given, and that its data handling did not take: no preprocessor was called."""
    for call in cell.calls:
        error, model = call.error, call.model
        if model.preprocesses is None or error is None or error.where != "data" or not cell.ended_in(error):
            continue
        for tensor in call.inputs:
            values = tensor.values
            if values is None or values.dtype != object or values.ndim != 1:
                continue
            odd = [(i, type(each).__name__, repr(each)[:40]) for i, each in enumerate(values) if not is_text(each)]
            if not odd or len(odd) == len(values):
                continue
            texts = TextFacts(tensor.said, "batch", tensor.kind, count=len(values), odd=tuple(odd[:16]))
            held = TokenizerFacts(
                f"{model.said}.preprocessor",
                "",
                0,
                None,
                None,
                None,
                "right",
                "",
                library="keras-hub",
                holds=True,
            )
            return _odd_items(cell, TokenizerCallFacts(held, "__call__", texts, error=error), texts, wrapped=False)
    return None


def _wrapped(made: TokenizerCallFacts, texts: TextFacts) -> bool:
    """Whether every text stands in a list of its own, as the rows of a table's column do."""
    return not made.is_split_into_words and bool(texts.inner) and set(texts.inner) == {1} and texts.with_spaces > 0


def _name(texts: TextFacts) -> str:
    return f"`{texts.said}`" if texts.said else "What the tokenizer is given"


def _raised(made: TokenizerCallFacts) -> str:
    return f" {made.error.type} is raised." if made.error is not None else ""


def _tensors(cell: CellFacts, made: TokenizerCallFacts) -> str:
    """The `return_tensors` to write: the user's, else what goes with the cell's models."""
    if made.return_tensors is not None:
        return made.return_tensors
    frameworks = {call.model.framework for call in cell.calls}
    known = {"torch", "tensorflow", "keras_hub"} & {*cell.versions}
    if frameworks == {"torch"} or (not frameworks and known == {"torch"}):
        return "pt"
    return "np" if "keras" in frameworks or "keras_hub" in known else "tf"


def _odd_items(cell: CellFacts, made: TokenizerCallFacts, texts: TextFacts, wrapped: bool) -> Finding:
    said, name = texts.said or "texts", _name(texts)
    tokenizer = tokenizer_of(made)
    if wrapped:
        return Finding(
            "text-not-valid",
            "error",
            said,
            f"{name} holds lists in place of texts",
            f"Each of the {count(texts.count, 'item')} of {_inside(name)} is a list that holds one string, where "
            f"`{tokenizer}` takes the strings themselves.{_raised(made)}",
            {"lengths of the items": list(texts.inner[:16])},
            Fix("Give the strings", f"{said} = [row[0] for row in {said}]"),
        )
    nans = all(kind in ("NoneType", "float", "NAType") for _, kind, _ in texts.odd)
    nested = bool(texts.inner)
    found = _shown(texts, with_index=not nested)
    kinds = {kind for _, kind, _ in texts.odd}
    if nested and kinds == {"int"} and made.tokenizer.library != "keras-hub":
        code = f'enc = {tokenizer}.pad({{"input_ids": {said}}}, return_tensors="{_tensors(cell, made)}")'
        fix = Fix("Pad token ids by `pad`, or give the texts", code)
    elif nested:
        keep = f"{said} = [[word for word in words if isinstance(word, str)] for words in {said}]"
        fix = Fix("Keep the strings only", keep)
    elif nans:
        keep = f"{said} = [text for text in {said} if isinstance(text, str)]  # and the same rows of the labels"
        fix = Fix("Leave the rows without a text out", keep)
    elif kinds == {"bytes"}:
        fix = Fix("Decode the bytes", f'{said} = [text.decode("utf-8") for text in {said}]')
    elif kinds & {"list", "tuple", "dict", "ndarray", "EagerTensor", "BatchEncoding"}:
        fix = Fix("Give one string for each text", f"{said}[{texts.odd[0][0]}]  # {texts.odd[0][1]} now")
    else:
        fix = Fix("Make strings of them", f"{said} = [str(text) for text in {said}]")
    return Finding(
        "text-not-valid",
        "error",
        said,
        f"{name} holds values that are no strings",
        f"{name} holds {found}, where `{tokenizer}` takes strings only.{_raised(made)}",
        {"not strings": [list(each) for each in texts.odd], "texts": texts.count},
        fix,
    )


def _no_texts(made: TokenizerCallFacts, texts: TextFacts) -> Finding:
    said, name = texts.said or "texts", _name(texts)
    tokenizer = tokenizer_of(made)
    holds = ""
    if texts.odd and texts.shape == "other":
        holds = f" It holds {_shown(texts, with_index=True)}, too."
    if texts.framework in ("tensorflow", "tf-keras", "keras"):
        code = f"{said} = [text.decode() for text in np.ravel({said}.numpy())]"
        fix = Fix("Take the strings out of the tensor", code)
    elif texts.kind == "bytes":
        fix = Fix("Decode the bytes", f"{said} = {said}.decode()")
    elif texts.kind in _HAS_TOLIST and texts.odd:
        fix = Fix("Give a list of the strings", f"{said} = [text for text in {said}.tolist() if isinstance(text, str)]")
    elif texts.kind in _HAS_TOLIST:
        fix = Fix("Give a list", f"{said} = {said}.tolist()")
    elif texts.kind in ("NoneType", "float", "int"):
        fix = Fix("Give a text", f"isinstance({said}, str)  # False now")
    else:
        fix = Fix("Give a list", f"{said} = list({said})")
    return Finding(
        "text-not-valid",
        "error",
        said,
        f"{name} is no text and no list of texts",
        f"{name} is of type {_KINDS.get(texts.kind, texts.kind)}, where `{tokenizer}` takes a string or a list of "
        f"strings.{holds}{_raised(made)}",
        {"type": texts.kind, "not strings": [list(each) for each in texts.odd]},
        fix,
    )


def _shown(texts: TextFacts, *, with_index: bool) -> str:
    """The items that are no strings, in words: `nan (float) at index 2`."""
    items = [
        (text if kind == "NoneType" else f"{text} ({kind})") + (f" at index {index}" if with_index else "")
        for index, kind, text in texts.odd
    ]
    return listed(items, 3)


def _inside(name: str) -> str:
    return name if name.startswith("`") else "what the tokenizer is given"


@cell_rule("error")
def tokenizer_in_graph(cell: CellFacts) -> Finding | None:
    """A Python tokenizer is called on symbolic tensors, as inside `Dataset.map`.

    What it finds: a tokenizer that is given a tensor without values: of `Dataset.map`, of a `tf.function`, of an
    `Input` or a `Lambda` layer, or the text that `str()` makes of such a tensor. Inside `tf.py_function` tensors have
    values, and all is well.

    Why it is bad: the function is traced once, before any text is there. The tokenizer raises about the type of its
    input, or tokenizes the tensor's description for every row.

    Wrong:

        dataset = dataset.map(lambda text, label: (tokenizer(text), label))

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")
        dataset = tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)
    """
    for made in cell.tokenizer_calls:
        texts = next((each for each in (made.texts, made.pairs) if each is not None and each.is_symbolic), None)
        if texts is None or (made.error is not None and not cell.ended_in(made.error)):
            continue
        traced = made.error is None and not made.ended and _ended_while_traced(cell, made)
        if made.error is None and texts.shape != "text" and not traced:
            continue  # a tokenizer of one's own that takes such tensors
        said = texts.said or "the text"
        if made.error is None and not traced:
            what = "is given the text that `str()` makes of a symbolic tensor"
            then = " The same description is tokenized for every row."
        else:
            kind = texts.kind if texts.shape == "other" or not texts.odd else texts.odd[0][1]
            what = f"is given {f'`{texts.said}`, ' if texts.said else ''}a symbolic tensor ({kind})"
            then = _raised(made) if cell.raised is None or not traced else f" {cell.raised.type} is raised."
        return _in_graph(tokenizer_of(made), said, what, then)
    return _asked_for_values(cell)


def _ended_while_traced(cell: CellFacts, made: TokenizerCallFacts) -> bool:
    """Whether the cell ended in a tokenizer's call that a graph was traced through, and so was not seen to its end."""
    raised = cell.raised
    if raised is None:
        return False
    calls = any(each is not None and each.tokenizer == made.tokenizer.said for each in (*raised.values, raised.owner))
    # AutoGraph raises anew, with the lines that the exception passed in its text (TF 2.21, `autograph/impl/api.py`).
    return calls or "tokenization_utils" in raised.text


def _asked_for_values(cell: CellFacts) -> Finding | None:
    """A function that calls a tokenizer, traced by `Dataset.map`, where it asked a symbolic tensor for its value."""
    raised = cell.raised
    if raised is None or raised.type != "AttributeError" or cell.tokenizer_calls:
        return None
    told = raised.missing_in or raised.text
    if not any(f"{kind}' object has no attribute" in raised.text or told == kind for kind in _SYMBOLIC):
        return None
    traced: ValueFacts | None = next((each for each in (*raised.values, raised.owner) if each and each.tokenizer), None)
    if traced is None:
        return None
    name = f"`{traced.said}`" if traced.said else "a function"
    what = f"is called in {name}, which asks a symbolic tensor for its value"
    return _in_graph(traced.tokenizer or "tokenizer", traced.said or "the text", what, f" {raised.type} is raised.")


_SYMBOLIC = ("SymbolicTensor", "KerasTensor")


def _in_graph(tokenizer: str, subject: str, what: str, then: str) -> Finding:
    return Finding(
        "tokenizer-in-graph",
        "error",
        subject,
        f"`{tokenizer}` is called on a symbolic tensor",
        f"`{tokenizer}` {what}: a graph is traced here, once, and there is no text yet.{then}",
        {"tokenizer": tokenizer},
        Fix(
            "Tokenize the texts before the dataset is made",
            f'enc = {tokenizer}(texts, padding=True, truncation=True, return_tensors="np")\n'
            "dataset = tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)",
        ),
    )


@cell_rule("error")
def word_list_as_batch(cell: CellFacts) -> Finding | None:
    """The words of one text are taken for a batch of texts.

    What it finds: a list whose items are the words of one text, given without `is_split_into_words`, of which a model
    gets one row a word; or lists of words of which the tokenizer makes nothing. That they are one text's words is seen
    from the text that they come from, from the punctuation among them, or from a model that labels tokens. A batch of
    one-word texts is right.

    Why it is bad: each word is a text of its own between `[CLS]` and `[SEP]`: the model sees no sentence, and gives one
    row a word where one a text is meant, without an error.

    Wrong:

        words = sentence.split()
        enc = tokenizer(words, padding=True, return_tensors="tf")

    Right:

        words = sentence.split()
        enc = tokenizer([words], is_split_into_words=True, padding=True, return_tensors="tf")
    """
    for made in cell.tokenizer_calls:
        texts = made.texts
        if made.is_split_into_words or made.pairs is not None or made.method not in ("__call__", "batch_encode_plus"):
            continue
        if made.error is not None:
            if _lists_of_words(texts) and cell.ended_in(made.error):
                return _word_lists(cell, made)
            continue
        fed = [call for call in cell.calls if _are_rows(made, call)]
        if texts.shape != "batch" or texts.with_spaces or not fed:
            continue
        if texts.words_of is not None and any(_reads_whole(other, texts.words_of) for other in cell.tokenizer_calls):
            continue  # the text is read as a whole as well: its words are set against it
        if any(_labels_rows(call) for call in fed):
            continue  # one row a word is meant
        tagger = next((call for call in fed if _labels_tokens(call)), None)
        evidence = _evidence(texts, tagger)
        if evidence is None:
            continue
        name, tokenizer, said = _name(texts), tokenizer_of(made), texts.said or "words"
        hub = made.tokenizer.library == "keras-hub"
        return Finding(
            "word-list-as-batch",
            "error",
            said,
            f"{name} is one text's words, and is tokenized as {texts.count} texts",
            f"`{tokenizer}` is given {f'{name}, ' if texts.said else ''}a list of {count(texts.count, 'word')}"
            f"{'' if hub else ', without `is_split_into_words`'}; {evidence}. `{fed[0].model.said}` gets {texts.count} "
            "rows, one a word, "
            "each between special tokens of its own, where one row a text is meant.",
            {"words": texts.count, "rows": fed[0].rows_of, "text": texts.words_of, "list": texts.beside},
            Fix("Give the text as a whole", f'enc = {tokenizer}([" ".join({said})])')
            if hub
            else Fix(
                "Say that the text is split into words",
                f"enc = {tokenizer}([{said}], is_split_into_words=True, truncation=True, "
                f'return_tensors="{_tensors(cell, dataclasses.replace(made, return_tensors=None))}")',
            ),
        )
    return None


def _reads_whole(made: TokenizerCallFacts, said: str) -> bool:
    """Whether the text of that name is tokenized as a whole, alone or among others."""
    return (made.texts.shape == "text" and made.texts.said == said) or said in made.texts.wholes


def _lists_of_words(texts: TextFacts) -> bool:
    """Whether it holds word lists, and not pairs of texts, which are lists of two."""
    return bool(texts.inner) and not texts.odd and not texts.with_spaces and set(texts.inner) != {2}


def _are_rows(made: TokenizerCallFacts, call: CallFacts) -> bool:
    """Whether the call's token ids are the very rows that the tokenizer gave, in their order."""
    for tensor in call.inputs:
        ids = tensor.values
        if tensor.role != "input_ids" or ids is None or ids.ndim != 2 or ids.dtype.kind not in "iuf":
            continue
        if len(ids) == len(made.rows) > 1 and made.row_of(ids[0]) == 0:
            shorter = [min(len(row), ids.shape[1]) for row in made.rows]
            return all((row[:n] == ids[i, :n]).all() for i, (row, n) in enumerate(zip(made.rows, shorter, strict=True)))
    return False


def _labels_rows(call: CallFacts) -> bool:
    """Whether there is one label for each row."""
    return not _labels_tokens(call) and any(each.shape in ((call.rows_of,), (call.rows_of, 1)) for each in call.labels)


def _labels_tokens(call: CallFacts) -> bool:
    return "ForTokenClassification" in call.model.type


def _evidence(texts: TextFacts, tagger: CallFacts | None) -> str | None:
    """Why the list is one text's words, in words; None where it may be a batch of one-word texts."""
    model = "" if tagger is None else f", and `{tagger.model.said}` labels the tokens of a text"
    if texts.words_of and (texts.running or tagger is not None):
        return f"they are the words of `{texts.words_of}`, in their order{model}"
    marks = [each for each in texts.running if not any(map(str.isalnum, each))]
    if texts.beside and (marks or tagger is not None):
        shown = f", with {listed([repr(mark) for mark in marks], 2)} among them" if marks else ""
        return f"they are `{texts.beside}`{shown}{model}"
    if tagger is not None and marks:
        return f"{listed([repr(mark) for mark in marks], 2)} {'is' if len(marks) == 1 else 'are'} among them{model}"
    return None


def _word_lists(cell: CellFacts, made: TokenizerCallFacts) -> Finding:
    texts = made.texts
    name, tokenizer, said = _name(texts), tokenizer_of(made), texts.said or "words"
    return Finding(
        "word-list-as-batch",
        "error",
        said,
        f"{name} holds lists of words, and the tokenizer is not told",
        f"`{tokenizer}` is given {f'{name}, ' if texts.said else ''}lists of {listed(texts.inner)} words, without "
        f"`is_split_into_words`: it takes each list for a text, or a pair of texts.{_raised(made)}",
        {"words": list(texts.inner)},
        Fix(
            "Say that the texts are split into words",
            f"enc = {tokenizer}({said}, is_split_into_words=True, padding=True, truncation=True, "
            f'return_tensors="{_tensors(cell, made)}")',
        ),
    )
